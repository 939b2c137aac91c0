-- wrk -s http.lua URL -- DEPTH: so many requests at a time, and one JSON object as the result.

function init(args)
  local depth = tonumber(args[1]) or 1
  local one = {}
  for i = 1, depth do one[i] = wrk.format() end
  together = table.concat(one)
end

function request() return together end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"errors":%d,"p50":%f,"p99":%f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
