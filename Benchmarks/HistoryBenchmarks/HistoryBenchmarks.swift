@main
struct HistoryBenchmarks {
    static func main() {}
}
