"use strict";
// These scripts add interaction; the page is complete without them.
(() => {
  // Charts and clouds are compressed. A browser that cannot unpack them shows the page without scripts.
  if (!("DecompressionStream" in window)) return;
  const root = document.documentElement;
  root.classList.add("scripted");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const json = (id) => JSON.parse(document.getElementById(id).textContent);
  const node = (tag, text, parent) => {
    const made = document.createElement(tag);
    made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };

  // ---- tables: sorting and searching by DataTables, downloads as they are shown
  const tables = [];
  const cellText = (cell) => {
    const { order } = cell.dataset;
    return order === "-9e99" ? "NaN" : order ?? cell.textContent.trim();
  };
  const quoted = (text, separator) => {
    // Spreadsheets run cells that begin with these; an apostrophe makes them text. Numbers keep their sign.
    const plain = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
    const safe = /^[=@+\-\t\r\n]/.test(text) && !plain ? "'" + text : text;
    return safe.includes(separator) || /["\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  const download = (table, element, kind) => {
    const separator = kind === "csv" ? "," : "\t";
    const lines = [[...element.querySelectorAll("thead th")].map(cellText)];
    table.rows({ search: "applied", order: "applied" }).nodes().toArray()
      .forEach((row) => lines.push([...row.cells].map(cellText)));
    const content = lines.map((line) => line.map((text) => quoted(text, separator)).join(separator)).join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", content, "\r\n"], { type: "text/plain" }));
    link.download = `${element.dataset.name}.${kind}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const enhance = (element) => {
    const wrap = element.closest(".table-wrap");
    const caption = element.querySelector("caption>span").firstChild.textContent.trim();
    const many = element.tBodies[0].rows.length > 10;
    const table = new DataTable(element, {
      order: [], paging: many, info: many, pageLength: 10, autoWidth: false,
      lengthMenu: [10, 50, { label: "all", value: -1 }],
      language: { search: "Search this table", lengthMenu: "_MENU_ rows per page" },
      layout: { topStart: many ? "pageLength" : null, topEnd: element.tBodies[0].rows.length > 4 ? "search" : null },
    });
    const bar = document.createElement("p");
    bar.className = "downloads";
    for (const kind of ["csv", "tsv"]) {
      const button = node("button", `Download as ${kind.toUpperCase()}`, bar);
      button.type = "button";
      button.setAttribute("aria-label", `Download “${caption}” as ${kind.toUpperCase()}`);
      button.addEventListener("click", () => download(table, element, kind));
    }
    const names = [...element.querySelectorAll("thead th")].some((head) => /^(feature|gene|marker)$/.test(head.textContent.trim()));
    if (names) bar.append(" A spreadsheet program converts names such as SEPT2 in these files to dates. The file tables.xlsx, in the folder of this page, keeps the names.");
    wrap.append(bar);
    wrap.querySelectorAll(".dt-search input").forEach((input) => input.setAttribute("aria-label", `Search “${caption}”`));
    wrap.querySelectorAll("nav").forEach((pages) => pages.setAttribute("aria-label", `Pages of “${caption}”, ${tables.length + 1}`));
    tables.push({ table, element });
    return table;
  };

  const unpacked = (id) => {
    const packed = atob(document.getElementById(id).textContent);
    const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  };

  // ---- charts, drawn when they come into view
  let vega;
  const loadVega = () => (vega ??= unpacked("vega-packed").text().then((text) => { node("script", text, document.body); }));
  const isNarrow = (place) => place.clientWidth < 560;
  // Axis and legend take up to 90 pixels beside the plot.
  const fitted = (place, spec) => {
    const room = Math.max(200, place.clientWidth - 90);
    return isNarrow(place) && spec.width > room ? { ...spec, width: room } : spec;
  };
  const config = (place) => {
    const ink = dark.matches ? "#e6e9ec" : "#1b1f24";
    const line = dark.matches ? "#3a444e" : "#d0d7de";
    const words = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 12 };
    return {
      background: "transparent", view: { stroke: line, fill: dark.matches ? "#e6e9ec" : "#ffffff" }, axis: { ...words, gridColor: line, domainColor: line, tickColor: line },
      legend: isNarrow(place) ? { ...words, orient: "bottom", columns: 3 } : words, title: { color: ink }, rule: { color: "#333333" },
    };
  };
  const views = new Map();
  const draw = async (place, spec) => {
    await loadVega();
    views.get(place)?.finalize();
    const result = await vegaEmbed(place, fitted(place, spec), {
      actions: false, ast: true, renderer: "canvas", config: config(place),
      tooltip: { theme: dark.matches ? "dark" : "light" },
    });
    views.set(place, result);
    place.querySelectorAll("canvas").forEach((canvas) => canvas.setAttribute("aria-hidden", "true"));
  };
  const whenSeen = (place, act) => {
    const observer = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) { observer.disconnect(); act(); }
    }, { rootMargin: "300px" });
    observer.observe(place);
  };
  document.querySelectorAll(".vega[data-spec]").forEach((place) => {
    const spec = json(place.dataset.spec);
    whenSeen(place, () => draw(place, spec));
    dark.addEventListener("change", () => { if (views.has(place)) draw(place, spec); });
  });

  // ---- one pair of samples: its cloud, its difference against mean, its features
  const short = (name) => {
    const cut = name.length > 60 ? `${name.slice(0, 30)}…${name.slice(-29)}` : name;
    // A right-to-left name must not reverse the order of the sentence.
    return /[^\x20-\x7e]/.test(cut) ? `\u2068${cut}\u2069` : cut;
  };
  const minus = (text) => text.replace("-", "\u2212");
  const number = (value) => (value === 0 ? "0" : minus(Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 })));
  // Only exactly 1 is printed as 100 %, as in the tables.
  const percent = (share) => {
    const text = (100 * share).toPrecision(3);
    if (Number(text) !== 100 || share === 1) return `${text}\u00a0%`;
    return share < 1 ? ">99.9\u00a0%" : `${(100 * share).toPrecision(5)}\u00a0%`;
  };
  const rWords = (pair) => pair.r;
  const binsOf = (found, pair) => {
    const [steps, counts] = pair.cloud;
    const tpm = (bin) => Math.max(0, 2 ** (found.start + bin * found.width) - found.pseudocount);
    const named = namedOf(found, pair);
    let place = 0;
    return steps.map((step, index) => {
      place += step;
      const [a, b] = [Math.floor(place / found.bins), place % found.bins];
      const [x, y] = [a, b].map((bin) => found.start + bin * found.width);
      const inside = named.filter((one) => one.x >= x && one.x < x + found.width && one.y >= y && one.y < y + found.width);
      const range = (bin) => `${number(tpm(bin))} to ${number(tpm(bin + 1))}`;
      return {
        x, x2: x + found.width, y, y2: y + found.width, n: counts[index], tpm_a: range(a), tpm_b: range(b),
        mean: (x + y + found.width) / 2, difference: x - y,
        examples: inside.map((one) => one.name).join(", ") || "none of the features that lower R most",
      };
    });
  };
  const ratioWords = (ratio) => (ratio === null ? "in one only" : minus(ratio.toFixed(3)));
  const namedOf = (found, pair) => pair.named.map(([feature, tpmA, tpmB, ratio, share]) => {
    const [id, symbol] = found.features[feature];
    const log = (tpm) => Math.log2(tpm + found.pseudocount);
    const [x, y] = [log(tpmA), log(tpmB)];
    return {
      id, symbol, name: short(symbol ? `${symbol} (${id})` : id), x, y, mean: (x + y) / 2, difference: x - y,
      tpm_a: number(tpmA), tpm_b: number(tpmB), raw_a: tpmA, raw_b: tpmB, ratio, ratio_words: ratioWords(ratio), share,
    };
  });
  const namedTable = (place, rows, found, pair) => {
    const old = tables.findIndex((one) => place.contains(one.element));
    if (old >= 0) { tables[old].table.destroy(); tables.splice(old, 1); }
    place.replaceChildren();
    if (!rows.length) { node("p", "No features are on file for this pair.", place); return; }
    const wrap = node("div", "", place);
    wrap.className = "table-wrap";
    const table = node("table", "", wrap);
    table.dataset.name = "pair";
    node("span", `Features that lower R most: ${short(found.samples[pair.a])} and ${short(found.samples[pair.b])}`, node("caption", "", table));
    const head = node("tr", "", node("thead", "", table));
    const symbols = rows.some((row) => row.symbol);
    ["feature", ...(symbols ? ["gene"] : []), `${found.unit}, sample A`, `${found.unit}, sample B`, "log2 ratio", "share of 1 \u2212 R"].forEach((label) => {
      node("th", label, head).scope = "col";
    });
    const body = node("tbody", "", table);
    for (const row of rows) {
      const line = node("tr", "", body);
      for (const text of symbols ? [row.id, row.symbol] : [row.id]) node("td", text, line);
      const numbers = [[row.tpm_a, row.raw_a], [row.tpm_b, row.raw_b], [ratioWords(row.ratio), row.ratio ?? -9e99], [percent(row.share), row.share]];
      for (const [text, order] of numbers) node("td", text, line).dataset.order = order;
    }
    enhance(table);
  };
  const explore = async (panel) => {
    const level = panel.dataset.level;
    const [select, about] = [panel.querySelector("select"), panel.querySelector(".about")];
    const found = await unpacked(`pairs-packed-${level}`).json();
    const groups = { "between batches": [], "within a batch": [] };
    found.pairs.forEach((pair, index) => groups[pair.within ? "within a batch" : "between batches"].push([pair, index]));
    for (const [label, pairs] of Object.entries(groups)) {
      if (!pairs.length) continue;
      const group = node("optgroup", "", select);
      group.label = label;
      for (const [pair, index] of pairs) {
        const option = node("option", `${short(found.samples[pair.a])} and ${short(found.samples[pair.b])}: R = ${rWords(pair)}`, group);
        option.value = index;
      }
    }
    const specs = { cloud: json(`spec-cloud-${level}`), difference: json(`spec-difference-${level}`) };
    const scale = `log2(${found.unit} + ${found.pseudocount})`;
    const title = (end, pair) => `${scale} of ${short(found.samples[pair[end]])}`;
    const show = async () => {
      const pair = found.pairs[select.value];
      const [bins, named] = [binsOf(found, pair), namedOf(found, pair)];
      const top = Math.max(...bins.map((bin) => Math.max(bin.x2, bin.y2)));
      const datasets = {
        bins, named, identity: [found.start, top].map((end) => ({ x: end, y: end })), folds: [{ difference: -1 }, { difference: 1 }],
      };
      const cloud = structuredClone(specs.cloud);
      for (const layer of cloud.layer) {
        for (const [channel, end] of [["x", "a"], ["y", "b"]]) layer.encoding[channel].title = title(end, pair);
      }
      const difference = structuredClone(specs.difference);
      for (const { encoding } of difference.layer) {
        encoding.y.title = `difference of ${scale}, A \u2212 B`;
        if (encoding.x) encoding.x.title = `mean ${scale}`;
      }
      const total = bins.reduce((sum, bin) => sum + bin.n, 0);
      about.textContent = `R = ${rWords(pair)} over ${total.toLocaleString("en")} ${level}s; batches ${short(found.batches[pair.a])} and ${short(found.batches[pair.b])}.`;
      namedTable(panel.querySelector(".named"), named, found, pair);
      await draw(panel.querySelector(".cloud"), { ...cloud, datasets });
      await draw(panel.querySelector(".difference"), { ...difference, datasets });
      panel.dataset.shown = select.value;
    };
    select.addEventListener("change", show);
    dark.addEventListener("change", show);
    await show();
  };
  document.querySelectorAll(".explorer").forEach((panel) => {
    whenSeen(panel, () => explore(panel));
  });

  document.querySelectorAll("table.lotwise-table").forEach((element) => enhance(element));
  root.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", () => root.classList.toggle("dark", dark.matches));

  // ---- on paper every row and every setting
  let before = [];
  window.addEventListener("beforeprint", () => {
    if (!document.getElementById("print-all").checked) return;
    before = tables.map(({ table }) => [table, table.page.len(), table.search()]);
    tables.forEach(({ table }) => table.search("").page.len(-1).draw());
    document.querySelectorAll("details").forEach((part) => { part.open = true; });
  });
  window.addEventListener("afterprint", () => {
    before.splice(0).forEach(([table, length, search]) => table.search(search).page.len(length).draw());
  });
})();
