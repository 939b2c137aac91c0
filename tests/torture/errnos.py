"""With which errors each call can fail, by what its descriptor is."""

import errno

# What a caller tries again, or goes on with: nothing may be lost by it.
SURVIVED = {'EINTR', 'EAGAIN', 'ONE_BYTE'}
NUMBERS = {**{name: number for number, name in errno.errorcode.items()}, 'EAGAIN': errno.EAGAIN,
           'ONE_BYTE': -1}

_NO_DESCRIPTOR = 'EMFILE ENFILE ENOMEM'
ERRNOS = {
    'read.file': 'EINTR ONE_BYTE EIO', 'read.pipe': 'EINTR EAGAIN ONE_BYTE EIO',
    'read.stream': 'EINTR EAGAIN ONE_BYTE ECONNRESET ENOMEM', 'read.other': 'EINTR EAGAIN EIO',
    'write.file': 'EINTR ONE_BYTE ENOSPC EIO EFBIG', 'write.pipe': 'EINTR EAGAIN ONE_BYTE EPIPE',
    'write.stream': 'EINTR EAGAIN ONE_BYTE EPIPE ECONNRESET', 'write.other': 'EINTR',
    'pread64.file': 'EINTR EIO', 'pwrite64.file': 'EINTR ONE_BYTE ENOSPC EIO',
    'recv.stream': 'EINTR EAGAIN ONE_BYTE ECONNRESET ETIMEDOUT ENOMEM',
    'send.stream': 'EINTR EAGAIN ONE_BYTE EPIPE ECONNRESET ENOBUFS',
    'recv.datagram': 'EINTR EAGAIN ECONNREFUSED ENOMEM',
    'send.datagram': 'EINTR EAGAIN ECONNREFUSED ENOBUFS ENETUNREACH EMSGSIZE',
    'sendto.datagram': 'EINTR EAGAIN ECONNREFUSED ENOBUFS', 'sendto.stream': 'EPIPE',
    'recvmsg.stream': 'EINTR EAGAIN ECONNRESET', 'recvmsg.datagram': 'EINTR EAGAIN ECONNREFUSED',
    'sendmsg.stream': 'EINTR EAGAIN EPIPE ECONNRESET',
    'sendmsg.datagram': 'EINTR EAGAIN ECONNREFUSED ENOBUFS',
    'recvmmsg.datagram': 'EINTR EAGAIN ECONNREFUSED ENOMEM',
    'sendmmsg.datagram': 'EINTR EAGAIN ECONNREFUSED ENOBUFS',
    'writev.stream': 'EINTR EAGAIN ONE_BYTE EPIPE ECONNRESET',
    'writev.file': 'EINTR ONE_BYTE ENOSPC', 'writev.pipe': 'EINTR EAGAIN ONE_BYTE EPIPE',
    'splice.stream': 'EINTR EAGAIN ONE_BYTE ECONNRESET EPIPE EINVAL ENOMEM',
    'splice.pipe': 'EINTR EAGAIN ONE_BYTE EPIPE EINVAL ENOMEM',
    'splice.file': 'EINTR ONE_BYTE EIO ENOSPC EINVAL',
    'sendfile.stream': 'EINTR EAGAIN ONE_BYTE EIO ESTALE ENOTCONN EINVAL ENOSYS ECONNRESET EPIPE',
    'socket.none': 'EMFILE ENFILE ENOBUFS EACCES EAFNOSUPPORT', 'listen.stream': 'EADDRINUSE',
    'bind.stream': 'EADDRINUSE EACCES ENOMEM', 'bind.datagram': 'EADDRINUSE EACCES',
    'accept4.stream': 'EINTR EAGAIN ECONNABORTED EMFILE ENFILE ENOBUFS ENOMEM EPERM',
    'connect.stream': 'EINTR ECONNREFUSED ETIMEDOUT ENETUNREACH EADDRNOTAVAIL',
    'connect.datagram': 'ENETUNREACH EACCES EAGAIN', 'shutdown.stream': 'ENOTCONN',
    'getsockopt.stream': 'ENOBUFS', 'setsockopt.stream': 'ENOPROTOOPT ENOMEM',
    'getsockopt.datagram': 'ENOBUFS', 'setsockopt.datagram': 'ENOPROTOOPT',
    'getsockname.stream': 'ENOBUFS', 'getpeername.stream': 'ENOTCONN ENOBUFS',
    'getsockname.datagram': 'ENOBUFS',
    'epoll_create1.none': _NO_DESCRIPTOR, 'epoll_wait.none': 'EINTR', 'epoll_pwait.none': 'EINTR',
    'epoll_ctl.stream': 'ENOSPC ENOMEM', 'epoll_ctl.datagram': 'ENOSPC ENOMEM',
    'epoll_ctl.pipe': 'ENOSPC ENOMEM', 'epoll_ctl.file': 'EPERM ENOMEM', 'epoll_ctl.other': 'ENOSPC ENOMEM',
    'poll.none': 'EINTR ENOMEM', 'eventfd.none': _NO_DESCRIPTOR,
    'timerfd_create.none': _NO_DESCRIPTOR,
    'open.none': _NO_DESCRIPTOR + ' EINTR EACCES ENOENT',
    'open64.none': _NO_DESCRIPTOR + ' EINTR EACCES ENOENT',
    '__open64_2.none': _NO_DESCRIPTOR + ' EACCES ENOENT',
    'fcntl.file': 'EMFILE ENOLCK', 'fcntl.pipe': 'EMFILE EPERM EBUSY', 'fcntl.stream': 'EMFILE',
    'fcntl.datagram': 'EMFILE', 'fcntl.other': 'EMFILE',
    'fcntl64.file': 'EINVAL ENOLCK EAGAIN', 'fcntl64.stream': 'EMFILE',
    'ioctl.stream': 'EINVAL', 'ioctl.pipe': 'ENOTTY', 'ioctl.other': 'EINVAL',
    'pipe.none': _NO_DESCRIPTOR, 'pipe2.none': _NO_DESCRIPTOR, 'dup2.other': 'EBUSY EINTR',
    'fstat.file': 'EIO', 'fstat64.file': 'EIO',
    'stat.none': 'EACCES', 'stat64.none': 'EACCES EIO', 'lstat64.none': 'EACCES',
    'rename.none': 'EACCES ENOSPC',
    'fsync.file': 'EIO ENOSPC', 'fdatasync.file': 'EIO ENOSPC EINTR',
    'ftruncate.file': 'EIO ENOSPC', 'ftruncate64.file': 'EIO ENOSPC',
    'mmap64.file': 'ENOMEM EIO', 'getrandom.none': 'EINTR EAGAIN ENOSYS',
    'pthread_create.none': 'EAGAIN', 'posix_spawn.none': 'EAGAIN ENOMEM',
    'malloc.none': 'ENOMEM', 'calloc.none': 'ENOMEM', 'realloc.none': 'ENOMEM',
    'aligned_alloc.none': 'ENOMEM',
}
# What the caller is not asked to try again.
FATAL = {('open.none', 'EINTR'), ('open64.none', 'EINTR'), ('pthread_create.none', 'EAGAIN'),
         ('posix_spawn.none', 'EAGAIN'), ('getrandom.none', 'EAGAIN'), ('fcntl64.file', 'EAGAIN'),
         ('fdatasync.file', 'EINTR'), ('connect.datagram', 'EAGAIN'), ('dup2.other', 'EINTR')}
# libuv's own pipes and its FIONBIO do not fail.
NEVER = {'uv:read.pipe', 'uv:write.pipe', 'uv:read.other', 'uv:write.other', 'uv:ioctl.stream'}
# In a scenario it means something else: a read is a datagram; a program that has closed its input.
# hiredis takes an interrupted connect for a failed one, and counterd tries again.
MEANINGFUL = {('counterd_redis', 'hiredis:connect.stream', 'EINTR'),
              ('netcat_udp', 'read.file', 'ONE_BYTE'),
              ('netcat_runs_through_pipes', 'write.pipe', 'EPIPE')}


def errors_of(scenario, call):
    names = '' if call in NEVER else ERRNOS.get(call.rpartition(':')[2], '')
    return [name for name in names.split() if (scenario, call, name) not in MEANINGFUL]


def is_survived(call, name):
    return name in SURVIVED and (call, name) not in FATAL
