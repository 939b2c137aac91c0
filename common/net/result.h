// result.h - a value or a libuv error code: a subset of C++23's std::expected.
#pragma once

#include <uv.h>

#include <cerrno>
#include <optional>
#include <type_traits>
#include <utility>

#include "common/net/check.h"

namespace net {

// A libuv status code: 0 is success, negative an error (a negated errno, or UV_EAI_* of a look-up).
class [[nodiscard]] Error {
 public:
  constexpr Error() = default;
  constexpr Error(int code) : code_(code) {}  // NOLINT: UV_* codes convert
  static Error from_errno() { return Error(-errno); }

  constexpr int code() const { return code_; }
  const char* message() const {
    const bool unknown = code_ == UV_EAI_NONAME || code_ == UV_EAI_NODATA;
    if (code_ == UV_ENODEV) return "no such network interface";
    return unknown ? "name not found" : code_ != 0 ? uv_strerror(code_) : "success";
  }
  constexpr explicit operator bool() const { return code_ < 0; }  // true if it is an error
  friend constexpr bool operator==(Error, Error) = default;

 private:
  int code_ = 0;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}          // NOLINT: converts, as std::expected does
  Result(Error error) : error_(error) { CHECK(error); }  // NOLINT

  explicit operator bool() const { return value_.has_value(); }
  T& operator*() {
    CHECK(value_);
    return *value_;
  }
  const T& operator*() const {
    CHECK(value_);
    return *value_;
  }
  const T* operator->() const {
    CHECK(value_);
    return &*value_;
  }
  T* operator->() {
    CHECK(value_);
    return &*value_;
  }
  Error error() const { return error_; }  // success if there is a value

 private:
  std::optional<T> value_;
  Error error_;
};

}  // namespace net
