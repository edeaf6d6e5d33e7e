"use strict";
{
  const element = (id) => document.getElementById(id);
  const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };

  // The page knows better than its server by which address it was reached.
  const scheme = location.protocol === "https:" ? "wss://" : "ws://";
  set(element("url"), scheme + location.host + location.pathname.replace(/\/$/, ""));

  const copy = element("copy");
  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(element("snippet").textContent);
      set(copy, "Copied");
      setTimeout(() => set(copy, "Copy"), 2000);
    });
  }

  const show = (health, well, figures) => {
    set(element("health"), health);
    element("health").className = well ? "well" : "ill";
    const values = document.querySelectorAll("#figures dd");
    figures.forEach((figure, i) => set(values[i], figure.text));
  };
  const refresh = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("status.json", { cache: "no-store", signal: AbortSignal.timeout(8000) });
      const status = await answer.json();
      show(status.health, status.healthy, status.figures);
    } catch {
      show("the relay doesn't answer", false, []);
    }
  };
  const loop = async () => { await refresh(); setTimeout(loop, 2000); };
  setTimeout(loop, 2000);
  document.addEventListener("visibilitychange", refresh);
}
