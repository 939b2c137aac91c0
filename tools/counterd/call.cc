#include "tools/counterd/call.h"

#include <algorithm>
#include <array>

#include "common/cli/log.h"
#include "common/http/accept.h"
#include "common/net/address.h"
#include "tools/counterd/answer.h"
#include "tools/counterd/parameters.h"

namespace counterd {

namespace {

enum Parameter : unsigned {
  kName = 1 << 0,
  kVal = 1 << 1,
  kBy = 1 << 2,
  kOldValue = 1 << 3,
  kNewValue = 1 << 4,
  kTtl = 1 << 5,
  kReturn = 1 << 6,
  kPrefix = 1 << 7,
  kFormat = 1 << 8,
  kMin = 1 << 9,
  kMax = 1 << 10,
  kOverflow = 1 << 11,
  kCreate = 1 << 12,
  kOp = 1 << 13,
  kLimit = 1 << 14,
  kAfter = 1 << 15,
};

struct ParameterName {
  std::string_view name;
  Parameter parameter;
};

constexpr std::array<ParameterName, 16> kParameters{{{"name", kName},
                                                     {"val", kVal},
                                                     {"by", kBy},
                                                     {"old", kOldValue},
                                                     {"new", kNewValue},
                                                     {"ttl", kTtl},
                                                     {"return", kReturn},
                                                     {"prefix", kPrefix},
                                                     {"format", kFormat},
                                                     {"min", kMin},
                                                     {"max", kMax},
                                                     {"overflow", kOverflow},
                                                     {"create", kCreate},
                                                     {"op", kOp},
                                                     {"limit", kLimit},
                                                     {"after", kAfter}}};

struct Url {
  std::string_view path;
  Call::Kind kind;
  Command::Kind command;
  Call::Show show;
  unsigned required;
  unsigned optional;
};

constexpr std::size_t kNamesMax = 100;  // in one request
constexpr std::size_t kTokenBytesMax = 128;
constexpr std::uint64_t kWatchedMax = 10'000;
constexpr std::uint64_t kWatchedDefault = 1'000;

constexpr std::array<Url, 10> kUrls{{
    {"/inc", Call::kCommand, Command::kInc, Call::kOk, kName,
     kBy | kMin | kMax | kOverflow | kCreate | kTtl | kReturn | kOp | kFormat},
    {"/get", Call::kCommand, Command::kGet, Call::kNew, kName, kFormat},
    {"/set", Call::kCommand, Command::kSet, Call::kOk, kName | kVal,
     kCreate | kTtl | kOp | kFormat},
    {"/reset", Call::kCommand, Command::kReset, Call::kOld, kName, kOp | kFormat},
    {"/delete", Call::kCommand, Command::kDelete, Call::kOk, kName, kOp | kFormat},
    {"/cas", Call::kCommand, Command::kCas, Call::kOk, kName | kOldValue | kNewValue,
     kOp | kFormat},
    {"/list", Call::kList, {}, {}, 0, kPrefix | kAfter | kLimit | kFormat},
    {"/metrics", Call::kMetrics, {}, {}, 0, kPrefix},
    {"/watch", Call::kWatch, {}, {}, 0, kPrefix | kLimit},
    {"/backup", Call::kBackup, {}, {}, 0, 0},
}};

const Url* url_of(std::string_view path) {
  for (const Url& url : kUrls)
    if (url.path == path) return &url;
  return nullptr;
}

std::string in_quotes(std::string_view text) { return "'" + net::log::escaped(text) + "'"; }

// Each of these takes one value and returns an error, or an empty string.
std::string take_number(std::string_view text, std::int64_t& number) {
  if (const auto value = parse_value(text)) return number = *value, "";
  return in_quotes(text) + " is not a 64-bit integer";
}

std::string take_name(std::string_view text, Command& command) {
  if (const char* wrong = wrong_with_name(text)) return wrong;
  if (command.name.empty()) return command.name = text, "";
  if (text == command.name || std::ranges::find(command.others, text) != command.others.end())
    return "name is given twice";
  if (command.others.size() + 1 == kNamesMax)
    return "more than " + std::to_string(kNamesMax) + " names";
  command.others.emplace_back(text);
  return "";
}

// Accepts T, renew or T,renew; with `renew`, the time to live of an existing counter starts again.
std::string take_ttl(std::string_view text, Command& command) {
  constexpr std::string_view kRenew = ",renew";
  if (text == kRenew.substr(1)) return command.renews = true, "";
  std::string_view time = text;
  command.renews = time.ends_with(kRenew);
  if (command.renews) time.remove_suffix(kRenew.size());
  const auto ttl = parse_ttl(time);
  if (!ttl) return in_quotes(text) + " is not a time of up to ten years (try 500ms, 10s, 1m or 1d)";
  command.ttl = *ttl;
  return "";
}

std::string take_op(std::string_view text, Command& command) {
  const bool visible = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || text.size() > kTokenBytesMax || !visible)
    return "a token has 1 to " + std::to_string(kTokenBytesMax) + " visible ASCII characters";
  command.op = text;
  return "";
}

std::string take_choice(std::string_view text, std::string_view yes, std::string_view no,
                        bool& out) {
  if (text != yes && text != no)
    return in_quotes(text) + " is neither '" + std::string(yes) + "' nor '" + std::string(no) + "'";
  out = text == yes;
  return "";
}

std::string take_limit(std::string_view text, Call& call) {
  const std::uint64_t max = call.kind == Call::kWatch ? kWatchedMax : UINT32_MAX;
  if (net::parse_number(text, 1, max, call.limit)) return "";
  return in_quotes(text) + " is not a number from 1 to " + std::to_string(max);
}

std::string take(Parameter parameter, std::string_view text, Call& call) {
  Command& command = call.command;
  switch (parameter) {
    case kName:
      return take_name(text, command);
    case kVal:
    case kBy:
    case kNewValue:
      return take_number(text, command.value);
    case kOldValue:
      return take_number(text, command.expected);
    case kMin:
      return take_number(text, command.min);
    case kMax:
      return take_number(text, command.max);
    case kOverflow:
      return take_choice(text, "saturate", "fail", command.saturates);
    case kCreate:
      if (text == "true" || text == "false") text = text == "true" ? "1" : "0";  // from JSON
      return take_choice(text, "1", "0", command.may_create);
    case kTtl:
      return take_ttl(text, command);
    case kOp:
      return take_op(text, command);
    case kReturn:
      if (text != "new") return in_quotes(text) + " is not 'new'";
      call.show = Call::kNew;
      break;
    case kPrefix:
      call.prefix = text;
      break;
    case kAfter:
      call.after = text;
      break;
    case kLimit:
      return take_limit(text, call);
    case kFormat:
      return take_choice(text, "json", "text", call.json);
  }
  return "";
}

// Refuses repeated and unknown parameters, because a typo could change the wrong counter.
std::string take_pair(std::string_view key, std::string_view value, const Url& url, unsigned& taken,
                      Call& call) {
  const auto* const known = std::ranges::find(kParameters, key, &ParameterName::name);
  if (known == kParameters.end() || ((url.required | url.optional) & known->parameter) == 0)
    return "unknown parameter " + in_quotes(key);
  if (known->parameter != kName && (taken & known->parameter) != 0)
    return std::string(key) + " is given twice";
  taken |= known->parameter;
  std::string wrong = take(known->parameter, value, call);
  return wrong.empty() || known->parameter == kName ? wrong : std::string(key) + ": " + wrong;
}

std::string wrong_with(const Call& call, const Url& url, unsigned taken) {
  const unsigned missing = url.required & ~taken;
  if (missing != 0)
    for (const auto& [name, parameter] : kParameters)
      if ((missing & parameter) != 0) return std::string(name) + " is missing";
  if (call.command.min > call.command.max) return "min is greater than max";
  return "";
}

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  for (; text.size() >= word.size(); text.remove_prefix(1))
    if (net::http::equal_ignoring_case(text.substr(0, word.size()), word)) return true;
  return false;
}

// Whether a browser prefetches a page that its user might open next; browsers use different fields.
bool is_prefetch(const Request& request) {
  static constexpr std::string_view kNames[] = {"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"};
  static constexpr std::string_view kWords[] = {"prefetch", "prerender", "preview"};
  for (const net::http::Field& field : request.fields)
    for (const std::string_view name : kNames)
      if (net::http::equal_ignoring_case(field.name, name))
        for (const std::string_view word : kWords)
          if (contains_ignoring_case(field.value, word)) return true;
  return false;
}

enum class BodyKind { kForm, kJson, kOther };

BodyKind kind_of_body(const Request& request) {
  std::string_view type = request.field("Content-Type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  if (net::http::equal_ignoring_case(type, "application/x-www-form-urlencoded"))
    return BodyKind::kForm;
  if (net::http::equal_ignoring_case(type, "application/json")) return BodyKind::kJson;
  return BodyKind::kOther;
}

Response refuse(const Request& request, int status, std::string_view sentence) {
  return refusal(status, wants_json(request), sentence);
}

}  // namespace

bool wants_json(const Request& request) {
  const Url* url = url_of(request.path);
  if (url != nullptr && url->kind == Call::kMetrics) return false;  // it has only one form
  const BodyKind kind = kind_of_body(request);
  std::string member;
  if (kind == BodyKind::kJson)
    (void)take_members(request.body, [&member](std::string_view key, std::string_view value) {
      if (key == "format") member = value;
      return "";
    });
  const std::string_view of_form = raw_value(kind == BodyKind::kForm ? request.body : "", "format");
  for (const std::string_view format :
       {raw_value(request.query, "format"), of_form, std::string_view(member)})
    if (format == "json" || format == "text") return format == "json";
  return net::http::prefers_json(request);
}

std::span<const UrlHelp> urls() {
  static constexpr std::array<UrlHelp, 9> kHelp{{
      {"/inc", "/inc?name=NAME", "add 1; by=N, min=, max=, overflow=saturate, return=new", true},
      {"/get", "/get?name=NAME", "the value", false},
      {"/set", "/set?name=NAME&val=N", "set it", true},
      {"/reset", "/reset?name=NAME", "set it to 0 and return the previous value", true},
      {"/cas", "/cas?name=NAME&old=N&new=M", "set it to M if it is N", true},
      {"/delete", "/delete?name=NAME", "remove it", true},
      {"/list", "/list?prefix=P&after=NAME&limit=N", "all counters", false},
      {"/watch", "/watch?prefix=P", "changes, as server-sent events", false},
      {"/backup", "/backup", "a copy of the database, of a store in a file", false},
  }};
  return kHelp;
}

std::optional<Response> understand(const Request& request, Call& call) {
  const Url* url = url_of(request.path);
  CHECK(url != nullptr);
  call.kind = url->kind;
  call.json = call.kind != Call::kMetrics && net::http::prefers_json(request);
  call.show = url->show;
  call.command.kind = url->command;
  call.command.value = url->command == Command::kInc ? 1 : 0;
  if (call.kind == Call::kWatch) call.limit = kWatchedDefault;

  unsigned taken = 0;
  const auto take_one = [&](std::string_view key, std::string_view value) {
    return take_pair(key, value, *url, taken, call);
  };
  std::string wrong = take_pairs(request.query, take_one);
  if (wrong.empty() && request.method == "POST" && !request.body.empty()) {
    const BodyKind kind = kind_of_body(request);
    if (kind == BodyKind::kOther)
      return refuse(request, 415,
                    "the body is neither a form (application/x-www-form-urlencoded) nor JSON");
    wrong = kind == BodyKind::kJson ? take_members(request.body, take_one)
                                    : take_pairs(request.body, take_one);
  }
  if (wrong.empty()) wrong = wrong_with(call, *url, taken);
  if (!wrong.empty()) return refuse(request, 400, wrong);
  if (call.changes() && is_prefetch(request))
    return refuse(request, 403, "a prefetch must not change a counter");
  return std::nullopt;
}

}  // namespace counterd
