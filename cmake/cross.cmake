# A toolchain for another architecture, with Debian's cross compilers, and qemu to run the result:
#   WIREUTILS_ARCH     as Debian names it: arm64, armhf, i386, s390x
#   WIREUTILS_SYSROOT  the target's libraries, as packaging/sysroot.sh unpacks them
# `make -f Makefile.dist cross ARCH=arm64` uses it.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WIREUTILS_ARCH WIREUTILS_SYSROOT)
set(target_arm64 aarch64-linux-gnu aarch64 aarch64)
set(target_armhf arm-linux-gnueabihf armv7l arm)
set(target_i386 i686-linux-gnu i686)
set(target_s390x s390x-linux-gnu s390x s390x)
if(NOT DEFINED target_${WIREUTILS_ARCH})
  message(FATAL_ERROR "WIREUTILS_ARCH is arm64, armhf, i386 or s390x, not '${WIREUTILS_ARCH}'")
endif()
list(GET target_${WIREUTILS_ARCH} 0 compiler)
list(GET target_${WIREUTILS_ARCH} 1 CMAKE_SYSTEM_PROCESSOR)
string(REPLACE i686 i386 multiarch ${compiler})

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${compiler}-gcc)
set(CMAKE_CXX_COMPILER ${compiler}-g++)
if(WIREUTILS_ARCH STREQUAL i386)  # an x86-64 kernel runs it, with the libraries of the sysroot
  set(CMAKE_CROSSCOMPILING_EMULATOR ${WIREUTILS_SYSROOT}/lib/ld-linux.so.2
    --library-path ${WIREUTILS_SYSROOT}/lib/${multiarch})
else()
  list(GET target_${WIREUTILS_ARCH} 2 emulator)
  set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${emulator} -L ${WIREUTILS_SYSROOT})
  if(WIREUTILS_ARCH STREQUAL arm64)  # return addresses are signed with a hash of qemu's own
    list(APPEND CMAKE_CROSSCOMPILING_EMULATOR -cpu max,pauth-impdef=on)
  endif()
endif()

set(CMAKE_SYSROOT ${WIREUTILS_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)  # llhttp's sources are for any architecture
set(libraries ${WIREUTILS_SYSROOT}/usr/lib/${multiarch})
set(ENV{PKG_CONFIG_LIBDIR} ${libraries}/pkgconfig:${WIREUTILS_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${WIREUTILS_SYSROOT})
