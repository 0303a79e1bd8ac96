import Executor
import ServiceLifecycle

/// An executor as part of a process that is stopped by signals.
struct ExecutorService: Service {
    let executor: Executor

    func run() async {
        await withGracefulShutdownHandler {
            await executor.run()
        } onGracefulShutdown: {
            executor.stop()
        }
    }
}

/// The rule for exit statuses, for the help of every command that has an executor.
let executorRules = """
    The command runs in /bin/sh with the payload on its standard input. Exit status 0 is success; \
    64 and 65 (EX_USAGE, EX_DATAERR) are failures that no retry can mend; every other status, and \
    death by a signal, can be tried again. Its standard output becomes the job's result, the end \
    of its standard error the failure's message. Its environment has DAYBOOK_USER, DAYBOOK_JOB, \
    DAYBOOK_TYPE, DAYBOOK_ATTEMPT, DAYBOOK_TOKEN, DAYBOOK_SERVER and, if there is one, \
    DAYBOOK_CHECKPOINT.
    """
