package org.dcmigrate.conformance.suite;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/** Cases that are known to fail: they run, and it is told when they do not fail any more. */
public final class KnownFailing {
  /** No case is known to fail. */
  public static final KnownFailing NONE = new KnownFailing(List.of());

  private final List<Entry> entries;

  private KnownFailing(List<Entry> entries) {
    this.entries = entries;
  }

  private record Entry(String glob, LocalDate expires, String reason) {}

  /**
   * Reads lines of a glob of case names, the last day as yyyy-mm-dd, and the reason, with blanks
   * between them. Empty lines and those that begin with # are passed over.
   *
   * @throws IllegalArgumentException if a line is none of this
   */
  public static KnownFailing parse(List<String> lines) {
    List<Entry> entries = new ArrayList<>();
    for (String line : lines) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] parts = line.strip().split("\\s+", 3);
      if (parts.length < 3) {
        throw new IllegalArgumentException("needs a glob, a date and a reason: " + line);
      }
      try {
        entries.add(new Entry(parts[0], LocalDate.parse(parts[1]), parts[2]));
      } catch (DateTimeException wrong) {
        throw new IllegalArgumentException("no date yyyy-mm-dd: " + line, wrong);
      }
    }
    return new KnownFailing(List.copyOf(entries));
  }

  /** The result in the light of what is known. */
  CaseResult judge(CaseResult result) {
    for (Entry entry : entries) {
      if (Glob.fits(entry.glob(), result.of().name())) {
        return switch (result.verdict()) {
          case PASS -> result.as(Verdict.XPASS, "passes, but is listed: " + entry.reason());
          case FAIL, WARN ->
              result.as(Verdict.XFAIL, "known (" + entry.reason() + "): " + result.explanation());
          case INCONCLUSIVE, TESTER_ERROR, NOT_APPLICABLE, NOT_RUN, XFAIL, XPASS -> result;
        };
      }
    }
    return result;
  }

  /** Entries that fit no case there is, or whose last day is over; one sentence for each. */
  public List<String> stale(List<Case> all, LocalDate today) {
    List<String> stale = new ArrayList<>();
    for (Entry entry : entries) {
      if (all.stream().noneMatch(each -> Glob.fits(entry.glob(), each.name()))) {
        stale.add("known failing: no case fits " + entry.glob());
      } else if (today.isAfter(entry.expires())) {
        stale.add("known failing: %s expired on %s".formatted(entry.glob(), entry.expires()));
      }
    }
    return stale;
  }
}
