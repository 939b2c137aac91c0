#include "tools/netcat/relay/outcome.h"

#include "tools/netcat/options.h"

namespace netcat {

using net::Error;

bool is_unreachable(Error e) {
  for (const int code : {UV_ENETUNREACH, UV_EHOSTUNREACH, UV_ENETDOWN, UV_EHOSTDOWN, UV_EACCES,
                         UV_ENOPROTOOPT, UV_EPROTO})
    if (e == Error(code)) return true;
  return false;
}

Outcome not_found(const std::string& name, Error e, bool numeric) {
  if (numeric && e == Error(UV_EAI_NONAME))
    return {net::kNoName, "-n: '" + name + "' is not a numeric address"};
  const int status = e == Error(UV_ETIMEDOUT) ? net::kTimedOut : net::kNoName;
  return {status, "cannot resolve " + name + ": " + e.message()};
}

Outcome output_failed(Error e) {
  const bool reader_gone = e == Error(UV_EPIPE) || e == Error(UV_ECONNRESET);
  if (reader_gone) return {kBrokenPipe, ""};
  return {net::kLocalIo, std::string("stdout: ") + e.message()};
}

Outcome outcome_of(const Verdict& verdict, const Options& options, const std::string& log_problem,
                   const std::string& failure) {
  const std::string place = options.keep_open ? "" : options.where() + ": ";  // -k: say_problem()
  const std::string idle = std::string(" (") + options.idle_option() + ")";
  switch (verdict.reason) {
    case Verdict::kComplete:
      return {};
    case Verdict::kOutputGone:
      return {kBrokenPipe, ""};
    case Verdict::kOutputFailed:
      return output_failed(verdict.error);
    case Verdict::kInputFailed:
      return {net::kLocalIo, std::string("stdin: ") + verdict.error.message()};
    case Verdict::kLogFailed:
      return {net::kLocalIo, log_problem};
    case Verdict::kLost:
      if (!failure.empty() && verdict.error == Error(UV_EPROTO))
        return {net::kTls, place + failure};
      if (!failure.empty() && verdict.error == Error(UV_ECONNABORTED))
        return {net::kLost, place + failure};
      return {net::kLost, place + verdict.error.message(),
              verdict.error == Error(UV_ECONNRESET) || verdict.error == Error(UV_EPIPE)};
    case Verdict::kUnacknowledged:
      return {net::kLost, place + "not all data was acknowledged in time (-q)"};
    case Verdict::kIdle:
      return {net::kIdle, place + "idle timeout" + idle};
    case Verdict::kStuck:
      return {net::kIdle, place + "data not acknowledged in time" + idle};
    case Verdict::kNoClient:
      return {net::kTimedOut,
              "listen on " + options.where() + ": timed out waiting for a client (-w)"};
  }
  return {};
}

}  // namespace netcat
