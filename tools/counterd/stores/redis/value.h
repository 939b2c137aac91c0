// value.h - replies of Redis, and the outcome of a command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace counterd {

struct RedisValue {
  enum Type { kNothing, kText, kNumber, kList, kError };
  Type type = kNothing;
  std::string text = {};  // of a kError: its sentence, which begins with a code
  std::int64_t number = 0;
  std::vector<RedisValue> list = {};

  bool failed(std::string_view code) const { return type == kError && text.starts_with(code); }
};

struct RedisAnswer {
  enum Fate {
    kAnswered,  // possibly with an error; then Redis has changed nothing
    kNotDone,   // the command has not left this process
    kUnknown,   // it was sent, but the connection was lost before the answer
  };
  Fate fate = kNotDone;
  RedisValue value = {};
  std::string why = {};   // the end of a sentence, unless kAnswered
  bool hopeless = false;  // waiting does not help
};

}  // namespace counterd
