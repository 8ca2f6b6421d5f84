-- Asks the addresses of a file in turn; a line is a path, or a path, a tab and an If-None-Match.
local asked, at = {}, 0

function init(args)
  for line in io.lines(args[1]) do
    local path, tag = line:match("^(.-)\t(.*)$")
    local headers = {}
    for name, value in pairs(wrk.headers) do headers[name] = value end
    if tag then headers["If-None-Match"] = tag end
    asked[#asked + 1] = wrk.format("GET", path or line, headers)
  end
end

function request()
  at = at % #asked + 1
  return asked[at]
end

function done(summary, latency, requests)
  local faults = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"bytes":%d,"p50_ms":%.4f,"p99_ms":%.4f,"errors":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    faults.connect + faults.read + faults.write + faults.status + faults.timeout))
end
