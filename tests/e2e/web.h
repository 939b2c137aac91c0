// web.h - an HTTP daemon's answers to the real curl, ab and wrk.
#pragma once

#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {

struct Reply {
  int status = 0;    // exit status of curl; 0 for any answer
  int code = 0;      // HTTP status
  std::string head;  // including the last line end
  std::string body;

  // Returns a field's value; empty if there is none.  The letter case of `name` counts.
  std::string field(const std::string& name) const;
};

std::vector<std::string> lines_of(const std::string& text);
std::string url(const Daemon& daemon, const std::string& path);
// Runs curl -i with more options.
Reply curl(const Daemon& daemon, const std::string& path,
           const std::vector<std::string>& options = {});
// Returns the bytes of a request, for a raw connection.
std::string request(const std::string& line, const std::string& fields = "");
// Reads the next answer, which must have a Content-Length, from a raw connection.
Reply next_reply(Channel& channel);

// Runs ab; fails the test unless all of `requests` were answered alike, with 200.
void expect_ab(const Daemon& daemon, const std::string& path, int requests, int at_once,
               const std::string& options = "");
// Runs wrk for a second on 64 connections; fails the test unless every answer was 200.
void expect_wrk(const Daemon& daemon, const std::string& path);
// How many descriptors the daemon has open when its last client has left.
std::size_t descriptors_without_clients(Daemon& daemon);

}  // namespace e2e
