// Sends a file with a bar that moves, and follows the work on it.
const form = document.getElementById("send");
const following = document.getElementById("under-way");
const LOOK_EVERY_MS = 1000;

function send(event) {
  event.preventDefault();
  const said = new FormData(form);
  const file = said.get("file");
  const bar = form.querySelector("progress");
  const told = form.querySelector("output");
  const fault = document.getElementById("not-sent");
  const button = form.querySelector("button");
  const asked = new URLSearchParams({ recipe: said.get("recipe"), name: file.name, note: said.get("note") });
  const request = new XMLHttpRequest();
  const stopped = (words) => {
    fault.textContent = words || form.dataset.cut;
    fault.hidden = false;
    bar.parentElement.hidden = true;
    button.disabled = false;
  };
  request.open("POST", `/submissions?${asked}&lang=${document.documentElement.lang}`);
  request.setRequestHeader("X-CSRF-Token", said.get("csrf"));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = (moved) => {
    const share = moved.total ? Math.round((100 * moved.loaded) / moved.total) : 0;
    bar.value = share;
    told.textContent = share < 100 ? `${share}%` : form.dataset.sent;
  };
  request.onerror = () => stopped("");
  request.onload = () => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours */ }
    if (request.status === 201) {
      location.assign(`/submissions/${answer.id}?lang=${document.documentElement.lang}`);
    } else {
      stopped(answer.detail);
    }
  };
  fault.hidden = true;
  bar.parentElement.hidden = false;
  button.disabled = true;
  request.send(file);
}

async function look() {
  try {
    const answer = await fetch(`/submissions/${following.dataset.id}?f=json`);
    if (!answer.ok) return;
    const { progress } = await answer.json();
    if (!progress) {
      location.reload();
      return;
    }
    const bar = following.querySelector("progress");
    if (progress.total) {
      bar.max = progress.total;
      bar.value = progress.done;
    } else {
      bar.removeAttribute("value");
    }
    following.querySelector("output").textContent = JSON.parse(following.dataset.stages)[progress.stage] ?? "";
  } catch { /* asked again below */ }
  setTimeout(look, LOOK_EVERY_MS);
}

if (form) form.addEventListener("submit", send);
if (following) setTimeout(look, LOOK_EVERY_MS);
