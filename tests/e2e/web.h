// web.h - what an HTTP daemon answers to the real curl, ab and wrk.
#pragma once

#include <string>
#include <vector>

#include "daemon.h"

namespace e2e {

struct Reply {
  int status = 0;    // of curl: 0 for an answer, whatever it says
  int code = 0;      // of HTTP
  std::string head;  // with its last line end
  std::string body;

  // A field's value; empty: there is none.  The name as it is sent.
  std::string field(const std::string& name) const;
};

std::vector<std::string> lines_of(const std::string& text);
std::string url(const Daemon& daemon, const std::string& path);
// curl -i, with more options.
Reply curl(const Daemon& daemon, const std::string& path,
           const std::vector<std::string>& options = {});
// A request for a raw connection.
std::string request(const std::string& line, const std::string& fields = "");
// The next answer on a raw connection, which has a Content-Length.
Reply next_reply(Channel& channel);

// Runs ab; fails the test unless all of `requests` were answered alike, with 200.
void expect_ab(const Daemon& daemon, const std::string& path, int requests, int at_once,
               const std::string& options = "");
// Runs wrk for a second on 64 connections; fails the test unless every answer was 200.
void expect_wrk(const Daemon& daemon, const std::string& path);
// How many descriptors the daemon has open when its last client has left.
std::size_t descriptors_without_clients(Daemon& daemon);

}  // namespace e2e
