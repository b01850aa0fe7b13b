"use strict";
// The viewer of one image: window, masks, frames, projections. Everything comes from this server.
(() => {
  const stage = document.getElementById("stage");
  if (!stage) return;
  const picture = document.getElementById("picture");
  const drawing = document.getElementById("drawing");
  const status = document.getElementById("status");
  const facts = stage.dataset;
  const frames = Number(facts.frames);
  const kinds = ["frame", "minimum", "mean", "maximum"];
  let view = "frame", frame = 0, shown = null, low = 0, high = 255, firstWindow = true;
  let masks = [], proposals = [], chosen = -1, drag = null, asked = 0;
  const cache = new Map();

  const fit = () => {
    const box = stage.getBoundingClientRect();
    const scale = Math.min(box.width / shown.columns, box.height / shown.rows);
    return { scale, left: (box.width - shown.columns * scale) / 2, top: (box.height - shown.rows * scale) / 2, box };
  };
  const address = () => view === "frame"
    ? `${facts.pictures}/frame/${frame}` : `${facts.pictures}/projection/${view}?scope=${scope()}`;
  const scope = () => document.querySelector("input[name=scope]:checked")?.value || "image";

  async function load(url) {
    if (cache.has(url)) return cache.get(url);
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(await answer.text());
    const told = name => Number(answer.headers.get(name));
    const body = await answer.arrayBuffer();
    const colour = answer.headers.get("x-samples") === "colour";
    const one = { columns: told("x-columns"), rows: told("x-rows"), low: told("x-low"), high: told("x-high"), colour,
      frames: told("x-frames"), leftOut: told("x-left-out"), values: colour ? new Uint8Array(body) : new Uint16Array(body) };
    cache.set(url, one);
    if (cache.size > 12) cache.delete(cache.keys().next().value);
    return one;
  }

  async function show() {
    const mine = ++asked;
    try {
      const one = await load(address());
      if (mine !== asked) return;
      shown = one;
      if (firstWindow && !one.colour) { low = one.low; high = one.high; firstWindow = false; }
      paint();
      const left = view !== "frame" && one.leftOut ? ` · ${facts.leftOut} ${one.leftOut}` : "";
      status.textContent = view === "frame" ? `${frame + 1} / ${frames}` : `${facts[view]} · ${one.frames}${left}`;
      document.body.dataset.ready = String(Number(document.body.dataset.ready || 0) + 1);
      if (view === "frame" && frame + 1 < frames) load(`${facts.pictures}/frame/${frame + 1}`).catch(() => {});
      if (facts.next) load(`${facts.next}/frame/0`).catch(() => {});
    } catch (error) { status.textContent = error.message; }
  }

  function paint() {
    picture.width = shown.columns; picture.height = shown.rows;
    const context = picture.getContext("2d");
    const image = context.createImageData(shown.columns, shown.rows);
    const out = image.data, values = shown.values;
    if (shown.colour) {
      for (let from = 0, to = 0; from < values.length; from += 3, to += 4) {
        out[to] = values[from]; out[to + 1] = values[from + 1]; out[to + 2] = values[from + 2]; out[to + 3] = 255;
      }
    } else {
      const span = Math.max(1, high - low);
      for (let place = 0, to = 0; place < values.length; place++, to += 4) {
        const grey = (values[place] - low) * 255 / span;
        out[to] = out[to + 1] = out[to + 2] = grey; out[to + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
    const { scale, left, top } = fit();
    picture.style.inset = "auto"; picture.style.left = `${left}px`; picture.style.top = `${top}px`;
    picture.style.width = `${shown.columns * scale}px`; picture.style.height = `${shown.rows * scale}px`;
    outline();
  }

  function outline() {
    if (!shown) return;
    const { scale, left, top, box } = fit();
    drawing.width = box.width; drawing.height = box.height;
    const context = drawing.getContext("2d");
    const draw = (rect, colour, width, filled) => {
      const at = [left + rect.x * scale, top + rect.y * scale, rect.width * scale, rect.height * scale];
      context.strokeStyle = colour; context.lineWidth = width;
      if (filled) { context.fillStyle = "rgba(0,0,0,.6)"; context.fillRect(...at); }
      context.strokeRect(...at);
    };
    const here = area => !area.frames || view !== "frame" || (area.frames[0] <= frame && frame <= area.frames[1]);
    const colours = { rule: "#0a84ff", goes: "#ffcc00", stays: "#34c759" };
    for (const area of proposals.filter(here)) draw(area.rect, colours[area.kind], 2, false);
    masks.forEach((area, place) => draw(area.rect, place === chosen ? "#ff9500" : "#ff3b30", place === chosen ? 3 : 2, true));
    document.getElementById("masks").textContent = String(masks.length);
    document.getElementById("mask").value = JSON.stringify(masks);
  }

  const whole = rect => {
    const x = Math.max(0, Math.min(shown.columns - 1, Math.round(rect.x)));
    const y = Math.max(0, Math.min(shown.rows - 1, Math.round(rect.y)));
    return { x, y, width: Math.max(1, Math.min(shown.columns - x, Math.round(rect.width))),
      height: Math.max(1, Math.min(shown.rows - y, Math.round(rect.height))) };
  };
  const add = rect => { masks.push({ rect: whole(rect), frames: null }); chosen = masks.length - 1; outline(); };
  const takeProposals = () => {
    for (const area of proposals.filter(one => one.kind !== "stays")) masks.push({ rect: whole(area.rect), frames: area.frames });
    chosen = masks.length - 1; outline();
  };
  const place = event => {
    const { scale, left, top, box } = fit();
    return { x: (event.clientX - box.left - left) / scale, y: (event.clientY - box.top - top) / scale };
  };
  const inside = (rect, at) => at.x >= rect.x && at.y >= rect.y && at.x < rect.x + rect.width && at.y < rect.y + rect.height;

  stage.addEventListener("contextmenu", event => event.preventDefault());
  stage.addEventListener("pointerdown", event => {
    if (!shown) return;
    stage.focus(); stage.setPointerCapture(event.pointerId);
    const at = place(event);
    if (event.button === 2 || event.altKey) { drag = { kind: "window", x: event.clientX, y: event.clientY, low, high }; return; }
    const hit = masks.findLastIndex(area => inside(area.rect, at));
    if (hit >= 0) { chosen = hit; drag = { kind: "move", at, rect: { ...masks[hit].rect } }; outline(); }
    else drag = { kind: "draw", at };
  });
  stage.addEventListener("pointermove", event => {
    if (!drag) return;
    const at = place(event);
    if (drag.kind === "window") {
      const span = Math.max(2, (drag.high - drag.low) * Math.exp((event.clientX - drag.x) / 200));
      const centre = (drag.high + drag.low) / 2 + (event.clientY - drag.y) * (drag.high - drag.low) / 300;
      low = centre - span / 2; high = centre + span / 2; paint();
    } else if (drag.kind === "move") {
      masks[chosen].rect = whole({ ...drag.rect, x: drag.rect.x + at.x - drag.at.x, y: drag.rect.y + at.y - drag.at.y }); outline();
    } else {
      const rect = whole({ x: Math.min(at.x, drag.at.x), y: Math.min(at.y, drag.at.y),
        width: Math.abs(at.x - drag.at.x), height: Math.abs(at.y - drag.at.y) });
      if (!drag.made) { drag.made = true; add(rect); } else { masks[chosen].rect = rect; outline(); }
    }
  });
  stage.addEventListener("pointerup", () => { drag = null; });
  stage.addEventListener("wheel", event => { event.preventDefault(); turn(event.deltaY > 0 ? 1 : -1); }, { passive: false });
  const turn = by => { frame = Math.max(0, Math.min(frames - 1, frame + by)); view = "frame"; show(); };
  const window_by = (centre, span) => { const half = (high - low) / 2 * span, mid = (high + low) / 2 + (high - low) * centre;
    low = mid - half; high = mid + half; paint(); };
  const go = id => { const link = document.getElementById(id); if (link) link.click(); };
  const focus = id => document.getElementById(id)?.focus();

  document.addEventListener("keydown", event => {
    const field = ["INPUT", "SELECT", "TEXTAREA", "BUTTON"].includes(event.target.tagName);
    if (event.key === "Escape") { stage.focus(); return; }
    if (field || event.ctrlKey || event.metaKey || !shown) return;
    const step = event.shiftKey ? 1 : 8;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const act = {
      n: () => go("next"), p: () => go("previous"), j: () => turn(1), k: () => turn(-1),
      m: () => add({ x: shown.columns / 2 - 20, y: shown.rows / 2 - 10, width: 40, height: 20 }),
      a: takeProposals, r: () => focus("release-reason"), x: () => focus("reject-reason"),
      Delete: () => { if (chosen >= 0) { masks.splice(chosen, 1); chosen = masks.length - 1; outline(); } },
      "]": () => { if (masks.length) { chosen = (chosen + 1) % masks.length; outline(); } },
      "0": () => { view = "frame"; show(); }, "1": () => { view = kinds[1]; show(); }, "2": () => { view = kinds[2]; show(); },
      "3": () => { view = kinds[3]; show(); },
      "+": () => window_by(0, .8), "-": () => window_by(0, 1.25), ",": () => window_by(-.1, 1), ".": () => window_by(.1, 1),
      w: () => { low = shown.low; high = shown.high; paint(); },
    }[event.key];
    if (act) { event.preventDefault(); act(); return; }
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    if (chosen < 0) { if (move[0]) go(move[0] > 0 ? "next" : "previous"); else turn(move[1]); return; }
    const rect = masks[chosen].rect;
    masks[chosen].rect = event.altKey
      ? whole({ ...rect, width: rect.width + move[0] * step, height: rect.height + move[1] * step })
      : whole({ ...rect, x: rect.x + move[0] * step, y: rect.y + move[1] * step });
    outline();
  });
  document.querySelectorAll("input[name=scope]").forEach(one => one.addEventListener("change", () => view !== "frame" && show()));
  document.getElementById("take")?.addEventListener("click", takeProposals);
  addEventListener("resize", () => shown && paint());
  stage.focus();
  show();
  fetch(facts.proposals, { credentials: "same-origin" }).then(answer => answer.ok ? answer.json() : null).then(told => {
    if (!told) return;
    proposals = told.areas;
    document.getElementById("proposed").textContent = String(proposals.length);
    document.getElementById("detector").textContent = told.detector ? facts.detectorLooked : facts.detectorMissing;
    outline();
  });
})();
