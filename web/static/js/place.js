// A place in words: its value with its unit, what a tooltip and a popup say of it.
// Every text goes into the page as text (textContent), never as HTML.
"use strict";

window.AtlasPlace = (data) => {
  const MOST_FOR_TREND = 300;

  function number(value, decimals = data.indicator.decimals, signed = false) {
    if (value === null || value === undefined) return "—";
    const written = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    if (value < 0) return /[1-9]/.test(written) ? `−${written}` : written;
    return signed && value > 0 ? `+${written}` : written;
  }

  // A value as people read it: a number, or the name of a class.
  function figure(value) {
    const named = value === null || value === undefined ? null : (data.indicator.names || {})[String(value)];
    return named || number(value, data.indicator.decimals, data.compared);
  }

  const isNamed = () => Object.keys(data.indicator.names || {}).length > 0;

  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Thai says "per cent" before the number; the sign stands right after it.
  function measured(value, decimals = data.indicator.decimals) {
    const { unit } = data.indicator;
    if (isNamed()) return figure(value);
    if (unit === "ร้อยละ") return `${unit} ${number(value, decimals, data.compared)}`;
    return unit === "%" ? `${number(value, decimals, data.compared)}%` : `${number(value, decimals, data.compared)} ${unit}`;
  }

  function said(place) {
    const known = place.value !== null && place.value !== undefined;
    return known ? measured(place.value) : data.statuses[place.status] || place.status;
  }

  function tooltip(place) {
    const box = element("div", "tip");
    if (!place) return box;
    box.append(element("strong", "", place.name), element("span", "tip-value", said(place)));
    spansOf(place).forEach(([term, text]) => box.append(element("span", "tip-rank", `${term} ${text}`)));
    if (place.rank) box.append(element("span", "tip-rank", fill(data.words.rank_of, { rank: place.rank, of: place.rank_of })));
    return box;
  }

  function spansOf(place) {
    if (!data.forecast || place.low80 === null || place.low80 === undefined) return [];
    return [80, 95].map((part) => [data.words[`interval${part}`], `${number(place[`low${part}`])} – ${number(place[`high${part}`])}`]);
  }

  function popup(place) {
    const box = element("div", "popup");
    box.append(element("strong", "popup-name", place.name));
    if (place.within) box.append(element("p", "popup-within", place.within));
    const value = element("p", "popup-value");
    if (place.value === null || place.value === undefined) {
      value.append(element("span", "popup-missing", data.statuses[place.status] || place.status));
    } else {
      const unit = isNamed() ? "" : data.indicator.unit;
      const parts = [element("b", "", figure(place.value)), " ", element("span", "unit", unit)];
      value.append(...(data.indicator.unit === "ร้อยละ" ? parts.reverse() : parts));
    }
    box.append(value);
    const facts = element("dl", "popup-facts");
    const add = (term, text) => text && facts.append(element("dt", "", term), element("dd", "", text));
    add(data.words.period, periodLabel());
    spansOf(place).forEach(([term, text]) => add(term, text));
    if (place.rank) add(data.words.rank, fill(data.words.one_of, { rank: number(place.rank, 0), of: number(place.rank_of, 0) }));
    add(data.words.change, change(place));
    if (place.expected > 1) add(data.words.reported, `${number(place.reporting, 0)} / ${number(place.expected, 0)}`);
    if (place.basis) add(data.words.basis, data.bases[place.basis] || place.basis);
    add(data.words.flags, (place.flags || []).map((flag) => data.flags[flag] || flag).join(", "));
    box.append(facts);
    const foot = element("p", "popup-foot", [data.sample ? data.words.sample : "", data.source_short].filter(Boolean).join(" · "));
    const leadTo = (words, address) => {
      const link = element("a", "", words);
      link.href = address;
      if (window.parent !== window) link.target = "_blank";
      foot.append(" ", link);
    };
    if (data.source_url) leadTo(data.words.where_from, data.source_url);
    if (data.forecast) leadTo(data.words.ahead_chart, `${data.chart_url}${encodeURIComponent(place.code)}`);
    if (data.level !== "hexbin") leadTo(data.words.whole_place, `/places/${encodeURIComponent(place.code)}?f=html&lang=${document.documentElement.lang}`);
    box.append(foot);
    if (hasTrend()) facts.before(element("div", "spark-place"));
    return box;
  }

  // The history of a place is fetched only where it is small.
  function hasTrend() {
    return data.periods.length >= 3 && data.level !== "hexbin" && !data.compared && !data.forecast && !isNamed() && data.rows.length <= MOST_FOR_TREND && Boolean(data.json_url);
  }

  function change(place) {
    if (place.previous === null || place.previous === undefined || place.value === null || isNamed()) return "";
    const step = place.value - place.previous;
    if (!/[1-9]/.test(number(step))) return data.words.no_change;
    return `${step > 0 ? "▲ +" : "▼ "}${number(step)} ${data.indicator.unit}`;
  }

  function periodLabel() {
    const found = data.periods.find((one) => one.key === data.period);
    return found ? found.label : data.period;
  }

  return { number, figure, isNamed, fill, element, measured, said, tooltip, popup, hasTrend, change, periodLabel };
};
