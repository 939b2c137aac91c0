#include "tools/counterd/answer.h"

#include <cstdio>

namespace counterd {

namespace {

constexpr std::string_view kJson = "application/json";

Response value_of(const std::string& name, Counter counter, bool json) {
  Response response;
  if (json) {
    response.content_type = kJson;
    append_json(response.body, name, counter);
    response.body.push_back('\n');
  } else {
    response.body.append(name).append(": ").append(std::to_string(counter.value)).append("\n");
  }
  return response;
}

Response done(const Call& call, const Outcome& outcome) {
  if (call.show == Call::kOk && !call.json) return ok();
  Counter shown = outcome.counter;
  if (call.show == Call::kOld) shown.value = outcome.before;
  return value_of(call.command.name, shown, call.json);
}

}  // namespace

Response ok() {
  Response response;
  response.body = "ok\n";
  return response;
}

Response answer_to(const Call& call, const Outcome& outcome) {
  const auto refuse = [&call](int status, const std::string& why) {
    return refusal(status, call.json, call.command.name + why);
  };
  const auto is = [&outcome] { return " is " + std::to_string(outcome.counter.value); };
  switch (outcome.status) {
    case Outcome::kDone:
      return done(call, outcome);
    case Outcome::kNotFound:
      return refuse(404, " not found");
    case Outcome::kMismatch:
      return refuse(409, is() + ", not " + std::to_string(call.command.expected));
    case Outcome::kOverflow:
      return refuse(409, is() + ": the sum does not fit 64 bits");
    case Outcome::kTooMany:
      return refuse(507, " is one counter more than --max-counters allows");
    case Outcome::kUnavailable:
    case Outcome::kNoSpace:
    case Outcome::kUnknown:
      break;
  }
  return failure(outcome.status, call.json, outcome.why);
}

Response failure(Outcome::Status status, bool json, std::string_view why) {
  const std::string reason(why);
  if (status == Outcome::kUnknown)
    return refusal(504, json, "it is not known whether the store has done it: " + reason);
  if (status == Outcome::kNoSpace) return refusal(507, json, "the store is full: " + reason);
  Response response = refusal(503, json, "the store is unavailable: " + reason);
  response.add("Retry-After", "1");
  return response;
}

Response refusal(int status, bool json, std::string_view sentence) {
  if (!json) return net::http::error_response(status, sentence);
  Response response;
  response.status = status;
  response.content_type = kJson;
  response.body = "{\"error\":";
  append_json_string(response.body, sentence);
  response.body.append("}\n");
  return response;
}

void append_json_string(std::string& out, std::string_view utf8) {
  out.push_back('"');
  for (const char c : utf8) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

void append_seconds(std::string& out, Time time) {
  const auto millis = static_cast<long long>(time.time_since_epoch().count());
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%03lld", millis / 1000, millis % 1000);
  out.append(text);
}

void append_json(std::string& out, std::string_view name, const Counter& counter) {
  out.append("{\"name\":");
  append_json_string(out, name);
  out.append(",\"value\":").append(std::to_string(counter.value)).append(",\"changed\":");
  append_seconds(out, counter.changed);
  if (counter.expires != kNever) {
    out.append(",\"expires\":");
    append_seconds(out, counter.expires);
  }
  out.push_back('}');
}

}  // namespace counterd
