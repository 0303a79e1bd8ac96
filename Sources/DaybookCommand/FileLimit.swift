import Glibc
import Logging

/// Lets this process open as many files as the system allows: each connection is one.
func raiseFileLimit(_ logger: Logger) {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
        logger.warning("the limit of open files cannot be read: errno \(errno)")
        return
    }
    limit.rlim_cur = limit.rlim_max
    guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
        logger.warning("the limit of open files stays as it is: errno \(errno)")
        return
    }
}
