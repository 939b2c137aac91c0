// page.h - page.html, the live page, compiled in.
#pragma once

#include <string_view>

namespace counterd {

extern const std::string_view kPage;

}  // namespace counterd
