"use strict";
(function () {
  var filter = document.getElementById("filter");
  var matches = document.getElementById("matches");
  if (!filter || !matches) { return; }
  var groups = Array.prototype.map.call(document.querySelectorAll(".group"), function (group) {
    var title = group.querySelector("summary").textContent.toLowerCase();
    var entries = Array.prototype.map.call(group.querySelectorAll(".entry"), function (entry) {
      return { node: entry, text: title + " " + entry.textContent.toLowerCase() };
    });
    return { node: group, entries: entries };
  });
  filter.addEventListener("input", function () {
    var wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    groups.forEach(function (group) {
      var kept = 0;
      group.entries.forEach(function (entry) {
        var keep = wanted.every(function (word) { return entry.text.indexOf(word) !== -1; });
        entry.node.hidden = !keep;
        kept += keep ? 1 : 0;
      });
      group.node.hidden = kept === 0;
      shown += kept;
    });
    matches.textContent = wanted.length ? shown + " found" : "";
  });
})();
