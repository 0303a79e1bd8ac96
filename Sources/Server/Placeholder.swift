import Hummingbird

enum ServerPlaceholder {}
