#include "tools/counterd/answer.h"

#include <cstdio>
#include <cstdlib>

namespace counterd {

namespace {

constexpr std::string_view kJsonType = "application/json";

void append_value(std::string& out, const std::string& name, const Counter& counter, bool json) {
  if (json)
    append_json(out, name, counter);
  else
    out.append(name).append(": ").append(std::to_string(counter.value)).push_back('\n');
}

// One line per name, or a JSON object, or for several names an array.
Response done(const Call& call, const Outcome& outcome) {
  if (call.show == Call::kOk && !call.json) return ok();
  const bool several = call.json && !call.command.others.empty();
  const auto shown = [&call](const Outcome& one) {
    Counter counter = one.counter;
    if (call.show == Call::kOld) counter.value = one.before;
    return counter;
  };
  Response response;
  if (call.json) response.content_type = kJsonType;
  if (several) response.body = "[\n";
  append_value(response.body, call.command.name, shown(outcome), call.json);
  for (std::size_t i = 0; i < call.command.others.size() && i < outcome.others.size(); ++i) {
    if (several) response.body.append(",\n");
    append_value(response.body, call.command.others[i], shown(outcome.others[i]), call.json);
  }
  if (several) response.body.append("\n]");
  if (call.json) response.body.push_back('\n');
  return response;
}

}  // namespace

Response ok() {
  Response response;
  response.body = "ok\n";
  return response;
}

// Names the bounds that the sum exceeds.
static std::string overflow_of(const Command& command) {
  if (command.min == INT64_MIN && command.max == INT64_MAX) return "the sum does not fit 64 bits";
  std::string bounds;
  if (command.min != INT64_MIN) bounds = "min " + std::to_string(command.min);
  if (command.min != INT64_MIN && command.max != INT64_MAX) bounds += ", ";
  if (command.max != INT64_MAX) bounds += "max " + std::to_string(command.max);
  return "the sum is out of bounds (" + bounds + ")";
}

Response answer_to(const Call& call, const Outcome& outcome) {
  const Command& command = call.command;
  const auto refuse = [&](int status, const std::string& why) {
    const bool first = outcome.failed == 0 || outcome.failed > command.others.size();
    return refusal(status, call.json,
                   (first ? command.name : command.others[outcome.failed - 1]) + why);
  };
  const auto is = [&outcome] { return " is " + std::to_string(outcome.counter.value); };
  switch (outcome.status) {
    case Outcome::kDone:
      return done(call, outcome);
    case Outcome::kNotFound:
      return refuse(404, " not found");
    case Outcome::kMismatch:
      return refuse(409, is() + ", not " + std::to_string(command.expected));
    case Outcome::kOverflow:
      return refuse(409, is() + ": " + overflow_of(command));
    case Outcome::kForeign:
      return refuse(409, ": the key of this name in the store is not a counter");
    case Outcome::kReused:
      return refusal(409, call.json, "op: this token belongs to another request");
    case Outcome::kCrossSlot:
      return refusal(
          400, call.json,
          "these counters are on different servers of the cluster (use {tags} in their names)");
    case Outcome::kTooMany:
      return outcome.why.empty() ? refuse(507, " would exceed --max-counters")
                                 : refusal(507, call.json, outcome.why);
    case Outcome::kUnavailable:
    case Outcome::kNoSpace:
    case Outcome::kRefused:
    case Outcome::kUnknown:
      break;
  }
  return failure(outcome.status, call.json, outcome.why);
}

Response failure(Outcome::Status status, bool json, std::string_view why) {
  const std::string reason(why);
  if (status == Outcome::kUnknown)
    return refusal(504, json, "the change may have been made: " + reason);
  if (status == Outcome::kNoSpace) return refusal(507, json, "the store is full: " + reason);
  if (status == Outcome::kRefused)
    return refusal(500, json, "the store refused the request: " + reason);
  Response response = refusal(503, json, "the store is unavailable: " + reason);
  response.add("Retry-After", "1");
  return response;
}

Response refusal(int status, bool json, std::string_view sentence) {
  if (!json) return net::http::error_response(status, sentence);
  Response response;
  response.status = status;
  response.content_type = kJsonType;
  response.body = "{\"error\":";
  append_json_string(response.body, sentence);
  response.body.append("}\n");
  return response;
}

void append_json_string(std::string& out, std::string_view utf8) {
  out.push_back('"');
  for (const char c : utf8) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20)
      out.append("\\u00").append(1, c < 0x10 ? '0' : '1').push_back("0123456789abcdef"[c & 0xf]);
    else
      out.push_back(c);
  }
  out.push_back('"');
}

void append_seconds(std::string& out, Time time) {
  const auto millis = static_cast<long long>(time.time_since_epoch().count());
  char text[32];
  std::snprintf(text, sizeof text, "%s%lld.%03lld", millis < 0 ? "-" : "", std::abs(millis / 1000),
                std::abs(millis % 1000));
  out.append(text);
}

void append_json(std::string& out, std::string_view name, const Counter& counter) {
  out.append("{\"name\":");
  append_json_string(out, name);
  out.append(",\"value\":").append(std::to_string(counter.value));
  if (counter.changed != kNever) {
    out.append(",\"changed\":");
    append_seconds(out, counter.changed);
  }
  if (counter.expires != kNever) {
    out.append(",\"expires\":");
    append_seconds(out, counter.expires);
  }
  out.push_back('}');
}

}  // namespace counterd
