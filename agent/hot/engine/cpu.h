// SPDX-License-Identifier: Apache-2.0
//
// The CPU engine: every thread has a POSIX timer on its own CPU clock, which
// sends it a real-time signal after each period; the handler takes the stack.
//
// Weights. The kernel looks at CPU timers at its tick only (CONFIG_HZ, 250 a
// second on most machines), so at higher rates one signal stands for several
// expirations and says how many in si_overrun. A sample weighs 1 + si_overrun
// periods; totals are right at any rate, only the resolution is the tick's.
//
// First expiry. A thread's first period begins at a random point, uniformly
// within one period: a thread that uses 3 ms of CPU is then seen with
// probability 0.3 at 100 Hz, and not never.
//
// Exit. A timer that expired since the last tick has not been delivered when
// its thread ends; threads that live shorter than a tick would vanish. So at
// its end a thread compares the expirations its CPU clock has earned it with
// those it got, and books the missing ones on its start routine.
//
// Blocked. A thread that blocks all signals gets none of ours: its time is
// booked the same way when it or the session ends. Where in its code the time
// went stays unknown, but none is lost.
//
// Sessions. Counters are cumulative; a session is only a number that tells the
// timers of one profile from those of an earlier one. Starting makes timers for
// the threads that exist (from /proc/self/task) while new threads arm their own
// when they begin; whoever comes first for a thread claims its record.
// cpu_session of a record says which session its timer belongs to; whoever
// changes it from one value to the next owns what must be done (make the timer,
// delete it).
//
// Unknown threads. Threads made by clone, or so that no interposer saw it, have no
// timer at first. The helper, while there is one, compares the number of tasks with
// that of timers every so often and gives those threads theirs.
//
// Perf events (an option). The helper then moves threads from timers to perf events,
// which keep to their period whatever the kernel's tick. Their descriptors are in
// the helper's table only, so a thread always begins with a timer. An event does
// not say how many expirations were left out (without privileges, those in the
// kernel); so a sample weighs all the expirations that the thread's clock has earned
// it since the last one, and the kernel's time is shown where the program goes on
// after it. A thread that gets none of the event's signals for long goes back to a
// timer: queued signals of a thread that blocks them must not pile up.
//
// setitimer(ITIMER_PROF) is not used: its one signal for the whole process has
// no overrun count, goes to an arbitrary thread, and survives execve, where it
// kills the next program.
#pragma once

#include <cstdint>

#include "agent/hot/controls.h"
#include "agent/hot/rt/thread_state.h"

namespace pprofagent::hot {

// See controls.h. Not for signal handlers; one caller at a time.
CpuStart StartCpuEngine(int hz);
void StopCpuEngine();
bool CpuEngineRunning();
int CpuEngineRate();
int CpuEngineSignal();

// By the helper, while a session runs; from other threads it does nothing. See
// controls.h.
void TendCpuThreads();
// At start, before there is a session.
void WantPerfEvents(bool wanted);
bool PerfEventsWanted();

// In a thread that is new, or new to the agent.
void CpuThreadBegins(ThreadRecord* record);
// In a thread that ends, after the program's code.
void CpuThreadEnds(ThreadRecord* record);

// The child of a fork has inherited no timer. Where a session ran in the parent,
// its one thread gets a new one.
void CpuAfterFork();

// Expirations booked on a start routine instead of by signal, since the process
// began.
uint64_t CpuExpirationsBooked();
// Threads without a timer, because the kernel refused one (RLIMIT_SIGPENDING).
uint64_t CpuThreadsRefused();

}  // namespace pprofagent::hot
