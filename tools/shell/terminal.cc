// SPDX-License-Identifier: Apache-2.0
//
// See terminal.h.
#include "tools/shell/terminal.h"

#include <histedit.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwchar>
#include <optional>
#include <string_view>
#include <utility>

#include "tools/base/strings.h"
#include "tools/shell/completion.h"
#include "tools/shell/held_signals.h"
#include "tools/shell/history_file.h"

namespace cpprof::shell {
namespace {

constexpr char kCompleteFunction[] = "cpprof-complete";
constexpr char kTab[] = "\t";
constexpr char kControlR[] = "^R";
// Rows of choices that are shown; a profile may have many thousand functions.
constexpr size_t kMaxRows = 40;

// Names of functions, and so what is typed, may be in any script.
void UseUtf8() {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

size_t TerminalWidth() {
  winsize size = {};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// The words in columns, as many as fit.
std::string InColumns(const std::vector<std::string>& words) {
  size_t widest = 0;
  for (const std::string& word : words) widest = std::max(widest, RuneCount(word));
  const size_t columns = std::max<size_t>(1, TerminalWidth() / (widest + 2));
  const size_t shown = std::min(words.size(), columns * kMaxRows);
  const size_t rows = (shown + columns - 1) / columns;
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t at = row; at < shown; at += rows) {
      text += at + rows < shown ? PadRight(words[at], widest + 2) : words[at];
    }
    text += '\n';
  }
  if (shown < words.size()) AppendFormat(&text, "... and %zu more\n", words.size() - shown);
  return text;
}

}  // namespace

bool IsTerminal() {
  const char* kind = std::getenv("TERM");
  const bool capable = kind != nullptr && std::string_view(kind) != "dumb";
  return capable && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

// libedit calls back: for the prompt, for each character, for Tab.
class TerminalReader::Editor {
 public:
  explicit Editor(const profile::Profile& profile)
      : profile_(profile), history_file_(HistoryPath()) {}
  ~Editor() {
    if (edit_ != nullptr) el_end(edit_);
    if (history_ != nullptr) history_end(history_);
  }
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  bool Start() {
    UseUtf8();
    edit_ = el_init("cpprof", stdin, stdout, stderr);
    history_ = history_init();
    if (edit_ == nullptr || history_ == nullptr) return false;
    HistEvent event;
    history(history_, &event, H_SETSIZE, static_cast<int>(HistoryFile::kKept));
    history(history_, &event, H_SETUNIQUE, 1);
    for (const std::string& line : history_file_.Load()) {
      history(history_, &event, H_ENTER, line.c_str());
    }
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT, &Editor::Prompt);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_SIGNAL, 0);
    el_set(edit_, EL_HIST, history, history_);
    el_set(edit_, EL_GETCFN, &Editor::OnCharacter);
    el_set(edit_, EL_ADDFN, kCompleteFunction, "complete the word", &Editor::OnComplete);
    el_set(edit_, EL_BIND, kControlR, "em-inc-search-prev", nullptr);
    el_set(edit_, EL_BIND, kTab, kCompleteFunction, nullptr);
    // What the user wants different.
    el_source(edit_, nullptr);
    return true;
  }

  bool Read(std::string* line) {
    HeldSignals::Forget(SIGINT);
    HeldSignals signals({SIGINT, SIGTSTP, SIGCONT, SIGWINCH, SIGTERM, SIGHUP, SIGQUIT});
    signals_ = &signals;
    // Windows may have changed while a report ran.
    el_resize(edit_);
    const bool read = ReadLines(line);
    signals_ = nullptr;
    return read;
  }

 private:
  // Until one is entered; those given up by Ctrl-C do not count.
  bool ReadLines(std::string* line) {
    for (;;) {
      interrupted_ = false;
      pending_ = {};
      int length = 0;
      // Before the prompt is shown, or the kernel would echo what is typed early a second time.
      el_set(edit_, EL_PREP_TERM, 1);
      const char* text = el_gets(edit_, &length);
      if (interrupted_) {
        std::fputs("^C\n", stdout);
        std::fflush(stdout);
        continue;
      }
      if (text == nullptr || length <= 0) {
        // The next prompt, the system's shell's, on a line of its own.
        std::fputs("\n", stdout);
        std::fflush(stdout);
        return false;
      }
      *line = TrimSpace(std::string_view(text, static_cast<size_t>(length)));
      Remember(*line);
      return true;
    }
  }

  void Remember(const std::string& line) {
    if (line.empty() || line == last_) return;
    last_ = line;
    HistEvent event;
    history(history_, &event, H_ENTER, line.c_str());
    history_file_.Append(line);
  }

  static Editor& Self(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<Editor*>(self);
  }

  static char* Prompt(EditLine* /*edit*/) {
    static char prompt[] = "(pprof) ";
    return prompt;
  }

  static int OnCharacter(EditLine* edit, wchar_t* character) {
    return Self(edit).ReadCharacter(character);
  }

  // 1, or 0 at the end, or -1.
  int ReadCharacter(wchar_t* character) {
    for (;;) {
      if (const int signal = signals_->Wait(STDIN_FILENO); signal != 0) {
        if (!GoOnAfter(signal)) return -1;
        continue;
      }
      char byte = 0;
      const ssize_t count = read(STDIN_FILENO, &byte, 1);
      if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (count <= 0) return static_cast<int>(count);
      const size_t used = std::mbrtowc(character, &byte, 1, &pending_);
      if (used == static_cast<size_t>(-2)) continue;
      if (used != static_cast<size_t>(-1)) return 1;
      // No text in any encoding of ours: dropped.
      pending_ = {};
    }
  }

  // What a signal means while a line is edited; false if that is the end of the line.
  bool GoOnAfter(int signal) {
    switch (signal) {
      case SIGINT:
        interrupted_ = true;
        return false;
      case SIGWINCH:
        el_resize(edit_);
        return true;
      case SIGCONT:
        break;
      default:
        // The terminal must be left as it was found, be it for a moment or for good.
        el_set(edit_, EL_PREP_TERM, 0);
        SufferSignal(signal);
        HeldSignals::Forget(SIGCONT);
    }
    el_set(edit_, EL_PREP_TERM, 1);
    el_set(edit_, EL_REFRESH);
    return true;
  }

  static unsigned char OnComplete(EditLine* edit, int /*key*/) { return Self(edit).CompleteWord(); }

  unsigned char CompleteWord() {
    const LineInfo* info = el_line(edit_);
    const std::string line(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
    const Completion completion = Complete(line, profile_);
    if (completion.words.empty()) return CC_REFRESH_BEEP;
    const std::string typed = line.substr(line.size() - completion.replaced);
    const std::string common = completion.Common(typed);
    if (!common.empty() && common != typed) {
      // libedit counts characters.
      el_deletestr(edit_, static_cast<int>(RuneCount(typed)));
      return el_insertstr(edit_, common.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    std::fputc('\n', stdout);
    std::fputs(InColumns(completion.words).c_str(), stdout);
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  const profile::Profile& profile_;
  const HistoryFile history_file_;
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
  HeldSignals* signals_ = nullptr;
  std::mbstate_t pending_ = {};  // a character of which only the first bytes have come
  bool interrupted_ = false;
  std::string last_;
};

std::unique_ptr<TerminalReader> TerminalReader::Open(const profile::Profile& profile) {
  auto editor = std::make_unique<Editor>(profile);
  if (!editor->Start()) return nullptr;
  return std::unique_ptr<TerminalReader>(new TerminalReader(std::move(editor)));
}

TerminalReader::TerminalReader(std::unique_ptr<Editor> editor) : editor_(std::move(editor)) {}
TerminalReader::~TerminalReader() = default;

bool TerminalReader::Read(std::string* line) { return editor_->Read(line); }

}  // namespace cpprof::shell
