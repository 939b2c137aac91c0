// ports.h - the ports of a scan, as written on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace netcat {

// Adds the ports in `text`: a number from 1 to 65535, the name of a service of `protocol`, or a
// range of numbers in either direction; or several of these with commas between.  Returns false,
// and leaves `ports` unchanged, if `text` is not valid.
bool add_ports(const std::string& text, std::vector<std::uint16_t>& ports,
               const char* protocol = "tcp");
// Sorts them, and removes duplicates.
void sort_ports(std::vector<std::uint16_t>& ports);

}  // namespace netcat
