// ports.h - the ports of a scan, as a person writes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace netcat {

// Adds what `text` stands for: a number from 1 to 65535, the name of a service of `protocol`, or a
// range of numbers in either direction; or several of these with commas between.  False: it is not
// valid, and `ports` is as it was.
bool add_ports(const std::string& text, std::vector<std::uint16_t>& ports,
               const char* protocol = "tcp");
// In order, each once.
void sort_ports(std::vector<std::uint16_t>& ports);

}  // namespace netcat
