import Engine
import JobModel
import Testing

@Suite struct `A condition on counts` {
    @Test(arguments: [
        ("waiting(type=mail) > 1000", "waiting(type=mail) > 1000"),
        ("dead()>=1", "dead() >= 1"), ("total == 0", "total() == 0"),
        (" running ( user = ann , type = mail ) <= 5 ", "running(type=mail,user=ann) <= 5"),
        ("failed(user='a, (b)') != 7", "failed(user=a, (b)) != 7"),
        (
            "cancelled(type=\"it's\") < 18446744073709551615",
            "cancelled(type=it's) < 18446744073709551615"
        ),
        ("succeeded(type=a=b/ü) > 0", "succeeded(type=a=b/ü) > 0"),
    ])
    func `is read`(text: String, means: String) throws {
        #expect(try CountCondition(text).description == means)
    }

    @Test(arguments: [
        ("", 0, "one of waiting,"), ("wait > 1", 0, "one of waiting,"),
        ("waiting(typ=mail) > 1", 8, "type=NAME or user=NAME"),
        ("waiting(type mail) > 1", 13, "'='"), ("waiting(type=) > 1", 13, "a name of 1 to 128"),
        ("waiting(type=mail > 1", 18, "',' or ')'"), ("waiting(type='mail) > 1", 23, "a closing '"),
        ("waiting(type=a,type=b) > 1", 15, "each filter once"),
        ("waiting(type=a,) > 1", 15, "type=NAME or user=NAME"),
        ("waiting() = 1", 10, "one of > >= < <= == !="), ("waiting 1", 8, "one of > >="),
        ("waiting() > ten", 12, "a whole number"), ("waiting() > -1", 12, "a whole number"),
        ("waiting() >", 11, "a whole number"),
        ("waiting() > 18446744073709551616", 12, "a whole number"),
        ("waiting() > 1.5", 13, "nothing more"), ("waiting() > 1 and", 14, "nothing more"),
    ])
    func `that cannot be read is told where and what would be right`(
        text: String, offset: Int, expected: String
    ) throws {
        let fault = #expect(throws: CountConditionFault.self) { try CountCondition(text) }
        #expect(fault?.offset == offset)
        #expect(fault?.expected.hasPrefix(expected) == true, "\(fault?.expected ?? "")")
    }

    @Test func `that cannot be read is shown with a mark below the place`() throws {
        let fault = #expect(throws: CountConditionFault.self) { try CountCondition("dead() ~ 1") }
        #expect(
            fault?.description == "expected one of > >= < <= == != at character 8, found '~':\n"
                + "  dead() ~ 1\n         ^")
    }

    @Test(arguments: [
        (">", [false, false, true]), (">=", [false, true, true]), ("<", [true, false, false]),
        ("<=", [true, true, false]), ("==", [false, true, false]), ("!=", [true, false, true]),
    ])
    func `compares`(comparison: String, outcomes: [Bool]) throws {
        let condition = try CountCondition("total \(comparison) 5")
        #expect([4, 5, 6].map { condition.isMet(by: $0) } == outcomes)
    }
}
