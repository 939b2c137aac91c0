# wireutils_harden(TARGET): what makes an exploit harder, for all that TARGET's users compile and
# link.  tests/install/hardening_test.py checks the result.
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)

# wireutils_compile_flags(TARGET FLAG...): those flags, if the compiler takes all of them.
function(wireutils_compile_flags target)
  string(MAKE_C_IDENTIFIER "WIREUTILS_HAVE${ARGN}" have)
  check_cxx_compiler_flag("${ARGN}" ${have})
  if(${have})
    target_compile_options(${target} INTERFACE ${ARGN})
  endif()
endfunction()

function(wireutils_harden target)
  # Not CMAKE_POSITION_INDEPENDENT_CODE, which is -fPIC in a library: slower, and for nothing here.
  target_compile_options(${target} INTERFACE -fPIE)
  if(NOT WIREUTILS_STATIC)
    target_link_options(${target} INTERFACE -pie)
  endif()
  # To bind at start costs netcat 3 % of its start.  What nothing calls need not be bound, which
  # saves as much.
  target_link_options(${target} INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--gc-sections)

  wireutils_compile_flags(${target} -fstack-protector-strong)
  wireutils_compile_flags(${target} -fstack-clash-protection)
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
    wireutils_compile_flags(${target} -ftrivial-auto-var-init=zero
      -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
  else()
    wireutils_compile_flags(${target} -ftrivial-auto-var-init=zero)
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$")
    wireutils_compile_flags(${target} -fcf-protection)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    wireutils_compile_flags(${target} -mbranch-protection=standard)
  endif()

  # The C library warns where the compiler has no level 3.  Without optimisation there is no level.
  set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
  check_cxx_source_compiles("#include <cstdio>\nint main() {}" WIREUTILS_HAVE_FORTIFY_3)
  set(level $<IF:$<BOOL:${WIREUTILS_HAVE_FORTIFY_3}>,3,2>)
  target_compile_options(${target} INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${level}>)
endfunction()
