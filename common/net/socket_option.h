// socket_option.h - setsockopt(2), for a value of any type.
#pragma once

#include <sys/socket.h>

#include "common/net/result.h"

namespace net {

template <typename Value>
Error set_option(int fd, int level, int name, const Value& value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? Error() : Error::from_errno();
}

}  // namespace net
