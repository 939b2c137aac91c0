#include "tools/counterd/call.h"

#include <array>

#include "common/cli/cli.h"
#include "common/cli/log.h"
#include "common/http/accept.h"
#include "common/http/query.h"
#include "tools/counterd/answer.h"

namespace counterd {

namespace {

enum Parameter : unsigned {
  kName = 1,
  kVal = 2,
  kBy = 4,
  kOldValue = 8,
  kNewValue = 16,
  kTtl = 32,
  kReturn = 64,
  kPrefix = 128,
  kFormat = 256,
};

struct ParameterName {
  std::string_view name;
  Parameter parameter;
};

constexpr std::array<ParameterName, 9> kParameters{{{"name", kName},
                                                    {"val", kVal},
                                                    {"by", kBy},
                                                    {"old", kOldValue},
                                                    {"new", kNewValue},
                                                    {"ttl", kTtl},
                                                    {"return", kReturn},
                                                    {"prefix", kPrefix},
                                                    {"format", kFormat}}};

struct Url {
  std::string_view path;
  Call::Kind kind;
  Command::Kind command;
  Call::Show show;
  unsigned required;
  unsigned optional;
};

constexpr std::array<Url, 8> kUrls{{
    {"/inc", Call::kCommand, Command::kInc, Call::kOk, kName, kBy | kTtl | kReturn | kFormat},
    {"/get", Call::kCommand, Command::kGet, Call::kNew, kName, kFormat},
    {"/set", Call::kCommand, Command::kSet, Call::kOk, kName | kVal, kTtl | kFormat},
    {"/reset", Call::kCommand, Command::kReset, Call::kOld, kName, kFormat},
    {"/delete", Call::kCommand, Command::kDelete, Call::kOk, kName, kFormat},
    {"/cas", Call::kCommand, Command::kCas, Call::kOk, kName | kOldValue | kNewValue, kFormat},
    {"/list", Call::kList, {}, {}, 0, kPrefix | kFormat},
    {"/metrics", Call::kMetrics, {}, {}, 0, 0},
}};

const Url* url_of(std::string_view path) {
  for (const Url& url : kUrls)
    if (url.path == path) return &url;
  return nullptr;
}

std::string in_quotes(std::string_view text) { return "'" + net::log::escaped(text) + "'"; }

// Takes one value; returns what is wrong with it, or nothing.
std::string take_number(std::string_view text, std::int64_t& number) {
  if (const auto value = parse_value(text)) return number = *value, "";
  return in_quotes(text) + " is not a whole number of 64 bits";
}

std::string take(Parameter parameter, std::string_view text, Call& call) {
  switch (parameter) {
    case kName:
      call.command.name = text;
      break;
    case kVal:
    case kBy:
    case kNewValue:
      return take_number(text, call.command.value);
    case kOldValue:
      return take_number(text, call.command.expected);
    case kTtl:
      if (!net::parse_duration(text, call.command.ttl) || call.command.ttl == Millis::zero())
        return in_quotes(text) + " is not a time (try 500ms, 10s or 1m)";
      break;
    case kReturn:
      if (text != "new") return in_quotes(text) + " is not 'new'";
      call.show = Call::kNew;
      break;
    case kPrefix:
      call.prefix = text;
      break;
    case kFormat:
      if (text != "json" && text != "text")
        return in_quotes(text) + " is neither 'json' nor 'text'";
      call.json = text == "json";
      break;
  }
  return "";
}

// Takes all parameters of a query or a form.  What is given twice, or means nothing here, may well
// be a slip that would change the wrong thing.
std::string take_all(std::string_view text, const Url& url, unsigned& taken, Call& call) {
  const auto query = net::http::Query::parse(text);
  if (!query) return "malformed percent-encoding";
  for (const auto& [key, value] : query->pairs()) {
    const ParameterName* known = nullptr;
    for (const ParameterName& one : kParameters)
      if (one.name == key && ((url.required | url.optional) & one.parameter) != 0) known = &one;
    if (known == nullptr) return "unknown parameter " + in_quotes(key);
    if ((taken & known->parameter) != 0) return key + " is given twice";
    taken |= known->parameter;
    if (std::string wrong = take(known->parameter, value, call); !wrong.empty())
      return key + ": " + wrong;
  }
  return "";
}

std::string wrong_with(const Call& call, const Url& url, unsigned taken) {
  for (const auto& [name, parameter] : kParameters)
    if ((url.required & ~taken & parameter) != 0) return std::string(name) + " is missing";
  if (call.kind != Call::kCommand) return "";
  const char* wrong = wrong_with_name(call.command.name);
  return wrong != nullptr ? wrong : "";
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  for (; text.size() >= word.size(); text.remove_prefix(1))
    if (net::http::equal_ignoring_case(text.substr(0, word.size()), word)) return true;
  return false;
}

// A browser that fetches what its user might click on next, whatever it calls that.
bool is_prefetch(const Request& request) {
  for (const net::http::Field& field : request.fields)
    for (const char* name : {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"})
      if (net::http::equal_ignoring_case(field.name, name))
        for (const char* word : {"prefetch", "prerender", "preview"})
          if (contains_ignoring_case(field.value, word)) return true;
  return false;
}

bool is_form(const Request& request) {
  std::string_view type = request.field("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return net::http::equal_ignoring_case(type, "application/x-www-form-urlencoded");
}

Response refuse(const Request& request, int status, std::string_view sentence) {
  return refusal(status, wants_json(request), sentence);
}

// The answer to OPTIONS, and to a method that is none of `allowed`.
std::optional<Response> answer_method(const Request& request, std::string_view allowed) {
  auto answer = net::http::check_method(request, allowed);
  if (!answer || answer->status != 405) return answer;
  Response refused = refuse(request, 405, "this URL has no such method");
  refused.fields = answer->fields;
  return refused;
}

constexpr std::string_view kMethods = "GET, HEAD, POST, OPTIONS";

std::string_view methods_of(const Call& call, bool strict_methods) {
  if (!call.changes()) return "GET, HEAD, OPTIONS";
  return strict_methods ? "POST, OPTIONS" : kMethods;
}

}  // namespace

bool wants_json(const Request& request) {
  const Url* url = url_of(request.path);
  if (url != nullptr && url->kind == Call::kMetrics) return false;  // it has one form
  for (const std::string_view text : {request.query, is_form(request) ? request.body : ""}) {
    const auto query = net::http::Query::parse(text);
    const auto format = query ? query->get("format") : std::nullopt;
    if (format == "json" || format == "text") return format == "json";
  }
  return net::http::prefers_json(request);
}

std::variant<Call, Response> understand(const Request& request, bool strict_methods) {
  if (request.method == "OPTIONS" && request.path == "*")
    return *net::http::check_method(request, kMethods);
  const Url* url = url_of(request.path);
  if (url == nullptr)
    return refuse(request, 404, "no such URL; see counterd(8) for those there are");
  Call call;
  call.kind = url->kind;
  call.json = call.kind != Call::kMetrics && net::http::prefers_json(request);
  call.show = url->show;
  call.command.kind = url->command;
  call.command.value = url->command == Command::kInc ? 1 : 0;
  if (auto answer = answer_method(request, methods_of(call, strict_methods)))
    return std::move(*answer);

  unsigned taken = 0;
  std::string wrong = take_all(request.query, *url, taken, call);
  if (wrong.empty() && request.method == "POST" && !request.body.empty()) {
    if (!is_form(request))
      return refuse(request, 415, "the body is no application/x-www-form-urlencoded");
    wrong = take_all(request.body, *url, taken, call);
  }
  if (wrong.empty()) wrong = wrong_with(call, *url, taken);
  if (!wrong.empty()) return refuse(request, 400, wrong);
  if (call.changes() && is_prefetch(request))
    return refuse(request, 403, "a prefetch changes nothing");
  return call;
}

}  // namespace counterd
