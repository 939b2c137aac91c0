# For Nix: `nix-build packaging/nix` in the sources, then `result/bin/netcat`.
{ pkgs ? import <nixpkgs> { } }:
pkgs.stdenv.mkDerivation {
  pname = "wireutils";
  version = builtins.head
    (builtins.match ".*project\\(wireutils VERSION ([0-9.]+) .*" (builtins.readFile ../../CMakeLists.txt));
  src = pkgs.lib.cleanSource ../..;

  nativeBuildInputs = [ pkgs.cmake pkgs.ninja pkgs.pkg-config ];
  buildInputs = [ pkgs.hiredis pkgs.libuv pkgs.llhttp pkgs.openssl pkgs.sqlite ];
  cmakeFlags = [
    "-DWIREUTILS_STATIC_RUNTIME=OFF"
    "-DWIREUTILS_STATIC_LIBUV=OFF"
    "-DWIREUTILS_TESTS=OFF"
  ];

  # netcat opens libssl at run time, with --tls.
  postFixup = ''
    patchelf --add-rpath ${pkgs.lib.makeLibraryPath [ pkgs.openssl ]} $out/bin/netcat
  '';

  meta = {
    description = "Small network tools: netcat and daemons";
    license = pkgs.lib.licenses.mit;
    platforms = pkgs.lib.platforms.linux;
  };
}
