// The foot of a printed page tells when it was printed: the page itself is kept and given again.
const foot = document.getElementById("printed-at");
const isThai = document.documentElement.lang === "th";
const inThailand = { timeZone: "Asia/Bangkok" };
const day = new Intl.DateTimeFormat(isThai ? "th-TH-u-ca-buddhist-nu-latn" : "en-GB", { ...inThailand, day: "numeric", month: isThai ? "short" : "long", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { ...inThailand, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// Thai browsers add the name of the era; the rest of the page writes the year alone.
const dayOf = (now) => day.formatToParts(now).filter((one) => one.type !== "era").map((one) => one.value).join("").trim();

function stamp() {
  const now = new Date();
  const time = foot.querySelector("time");
  time.dateTime = now.toISOString();
  time.textContent = `${dayOf(now)} ${clock.format(now)}${isThai ? " น." : ""}`;
  foot.hidden = false;
}

stamp();
addEventListener("beforeprint", stamp);
