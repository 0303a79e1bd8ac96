import Subprocess
enum ExecutorPlaceholder {}
