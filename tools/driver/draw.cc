// SPDX-License-Identifier: Apache-2.0
//
// See draw.h.
#include "tools/driver/draw.h"

#include "tools/base/process.h"

namespace cpprof::driver {
namespace {

// Moves and scales the group "viewport". The matrix of the group maps drawing to window, so a point
// under the pointer stays there while zooming: translate to it, scale, translate back.
constexpr std::string_view kScript = R"js(<script type="text/ecmascript"><![CDATA[
(function () {
  "use strict";
  var svg = document.documentElement;
  var view = document.getElementById("viewport");
  var zoomStep = 1.1, smallest = 0.02, largest = 50;
  var dragged = null;
  function apply(m) {
    view.setAttribute("transform", "matrix(" + [m.a, m.b, m.c, m.d, m.e, m.f].join(",") + ")");
  }
  function pointer(event) {
    var point = svg.createSVGPoint();
    point.x = event.clientX;
    point.y = event.clientY;
    return point;
  }
  svg.addEventListener("mousedown", function (event) {
    if (event.button === 0) dragged = { start: pointer(event), matrix: view.getCTM() };
  });
  svg.addEventListener("mousemove", function (event) {
    if (!dragged) return;
    event.preventDefault();
    var now = pointer(event);
    var moved = svg.createSVGMatrix().translate(now.x - dragged.start.x, now.y - dragged.start.y);
    apply(moved.multiply(dragged.matrix));
  });
  window.addEventListener("mouseup", function () { dragged = null; });
  svg.addEventListener("wheel", function (event) {
    event.preventDefault();
    var matrix = view.getCTM();
    var factor = event.deltaY < 0 ? zoomStep : 1 / zoomStep;
    var scale = matrix.a * factor;
    if (scale < smallest || scale > largest) return;
    var at = pointer(event).matrixTransform(matrix.inverse());
    apply(matrix.translate(at.x, at.y).scale(factor).translate(-at.x, -at.y));
  }, { passive: false });
}());
]]></script>
)js";

// Replaces `text` from the first `begin` to the `end` behind it, both included.
void ReplaceBetween(std::string* text, std::string_view begin, std::string_view end,
                    std::string_view with) {
  const size_t first = text->find(begin);
  if (first == std::string::npos) return;
  const size_t last = text->find(end, first);
  if (last == std::string::npos) return;
  text->replace(first, last + end.size() - first, with);
}

}  // namespace

std::string MakePannable(std::string svg) {
  // Without a size of its own the drawing fills the window, and without a view box one unit is one
  // pixel, as the script assumes.
  ReplaceBetween(&svg, "<svg ", ">",
                 "<svg width=\"100%\" height=\"100%\"\n xmlns=\"http://www.w3.org/2000/svg\" "
                 "xmlns:xlink=\"http://www.w3.org/1999/xlink\">");
  const size_t graph = svg.find("<g id=\"graph0\"");
  if (graph == std::string::npos) return svg;
  svg.insert(graph, "<g id=\"viewport\" transform=\"scale(0.5,0.5) translate(0,0)\">\n");
  const size_t end = svg.rfind("</svg>");
  if (end != std::string::npos) svg.insert(end, "</g>\n" + std::string(kScript));
  return svg;
}

Result<std::string> Draw(const std::string& graph, std::string_view format) {
  Result<std::string> picture = RunProgram({"dot", "-T" + std::string(format)}, graph);
  if (!picture.ok()) {
    return Status::Error("failed to execute dot. Is Graphviz installed? Error: " +
                         picture.message());
  }
  if (format == "svg") return MakePannable(std::move(*picture));
  return picture;
}

}  // namespace cpprof::driver
