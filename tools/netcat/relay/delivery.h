// delivery.h - what has become of the bytes that the kernel has taken.
#pragma once

namespace netcat {

// Bytes, and our FIN, that the peer's TCP has not confirmed; that the peer on a Unix-domain socket
// has not read, which delivers them all the same.
int unacknowledged(int fd);
// Of a TCP connection: nothing more will be acknowledged.
bool is_dead(int fd);

}  // namespace netcat
