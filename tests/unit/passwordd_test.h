// passwordd_test.h - sets of characters for the tests of passwordd.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "tools/passwordd/charset.h"

namespace passwordd {

// The set that `text` names or lists.
inline Charset charset(std::string_view text) {
  Charset set;
  const bool named = Charset::parse_name(text, set).empty();
  EXPECT_TRUE(named || Charset::parse_characters(text, set).empty()) << text;
  return set;
}

}  // namespace passwordd
