// answer.h - turns outcomes into HTTP answers, in plain text or JSON.
#pragma once

#include <string>
#include <string_view>

#include "common/http/message.h"
#include "tools/counterd/call.h"
#include "tools/counterd/counter.h"

namespace counterd {

// The answer to a call of kind kCommand.
Response answer_to(const Call& call, const Outcome& outcome);
// An error as a sentence, or as {"error": sentence}.
Response refusal(int status, bool json, std::string_view sentence);
// The answer when the store cannot execute a command: 500, 503, 504 or 507.
Response failure(Outcome::Status status, bool json, std::string_view why);

Response ok();

void append_json_string(std::string& out, std::string_view utf8);
// Appends {"name":"x","value":1,"changed":1795275123.456}, with "expires" if the counter expires.
void append_json(std::string& out, std::string_view name, const Counter& counter);
// Appends seconds since 1970, with milliseconds.
void append_seconds(std::string& out, Time time);

}  // namespace counterd
