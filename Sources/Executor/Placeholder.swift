import Subprocess

enum ExecutorPlaceholder {}
