#include "tools/netcat/program/program_options.h"

namespace netcat {

using net::Cli;

void ProgramOptions::add_to(Cli& cli) {
  cli.option("e,exec", "COMMAND", "run a program with the connection as its input and output",
             [this](std::string_view text) -> std::string {
               command = Command::words(text);
               return given() ? "" : "must not be empty";
             });
  cli.option("c,sh-exec", "LINE", "the same with a command line for /bin/sh",
             [this](std::string_view text) -> std::string {
               command = Command::shell(text);
               return text.empty() ? "must not be empty" : "";
             });
  cli.option("exec-grace", "T", "time from SIGHUP or SIGTERM to SIGKILL for programs (5s)",
             net::duration(grace));
}

}  // namespace netcat
