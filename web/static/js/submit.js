// Sends a file with a bar that moves, and follows the work on it.
const form = document.getElementById("send");
const following = document.getElementById("under-way");
const LOOK_EVERY_MS = 1000;

function settle(words) {
  const fault = document.getElementById("not-sent");
  fault.textContent = words;
  fault.hidden = !words;
  form.querySelector("progress").parentElement.hidden = true;
  form.querySelector("button").disabled = false;
}

function send(event) {
  event.preventDefault();
  const said = new FormData(form);
  const file = said.get("file");
  const bar = form.querySelector("progress");
  const told = form.querySelector("output");
  const button = form.querySelector("button");
  if (button.disabled) return;
  // What is too large is cut off on the way: its sender would only see that it was not sent.
  if (file.size > Number(form.dataset.most)) {
    settle(form.dataset.large);
    return;
  }
  const asked = new URLSearchParams({ recipe: said.get("recipe"), name: file.name, note: said.get("note") });
  const request = new XMLHttpRequest();
  request.open("POST", `/submissions?${asked}&lang=${document.documentElement.lang}`);
  request.setRequestHeader("X-CSRF-Token", said.get("csrf"));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = (moved) => {
    const share = moved.total ? Math.round((100 * moved.loaded) / moved.total) : 0;
    bar.value = share;
    told.textContent = share < 100 ? `${share}%` : form.dataset.sent;
  };
  request.onerror = () => settle(form.dataset.cut);
  request.onload = () => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours */ }
    if (request.status === 201) {
      location.assign(`/submissions/${answer.id}?lang=${document.documentElement.lang}`);
    } else {
      settle(answer.detail || form.dataset.cut);
    }
  };
  settle("");
  bar.value = 0;
  told.textContent = "";
  bar.parentElement.hidden = false;
  button.disabled = true;
  request.send(file);
}

async function look() {
  try {
    const answer = await fetch(`/submissions/${following.dataset.id}?f=json`);
    // Whoever is signed out meanwhile signs in again; a service that is busy is asked again.
    const { progress } = answer.status < 500 ? await answer.json() : { progress: {} };
    if (!progress) {
      // Not reloaded: what led here may have been a form, and would be sent once more.
      location.replace(`/submissions/${following.dataset.id}?lang=${document.documentElement.lang}`);
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

if (form) {
  form.addEventListener("submit", send);
  // A page that comes back with the button "back" may still look as if it were sending.
  addEventListener("pageshow", (shown) => { if (shown.persisted) settle(""); });
}
if (following) setTimeout(look, LOOK_EVERY_MS);
