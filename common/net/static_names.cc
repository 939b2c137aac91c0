// For static programs only: names by files and DNS, whatever nsswitch.conf says.  Its other modules
// are libraries for another C library than ours, and loading one crashes.
#if __has_include(<nss.h>)  // glibc's
#include <nss.h>

namespace {

const bool configured = [] {
  __nss_configure_lookup("hosts", "files dns");
  __nss_configure_lookup("services", "files");
  return true;
}();

}  // namespace

#endif
