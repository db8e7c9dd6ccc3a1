package org.dcmigrate.protocol.machine;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.machine.Bounds.Kind;
import org.dcmigrate.protocol.machine.Explorer.Broken;
import org.dcmigrate.protocol.machine.Explorer.Report;

/** What is explored in every test run, and the command behind {@code dev/explore}. */
final class Exploration {
  /** Together small enough for every run of the tests. */
  static final List<Bounds> SCENARIOS =
      List.of(
          Bounds.plain("plain, two faults").faults(2, allBut(Kind.LATE_REQUEST)).ballots(1),
          Bounds.plain("plain, a late request or a crash")
              .faults(1, EnumSet.of(Kind.LATE_REQUEST, Kind.SOURCE_CRASH, Kind.HOLDER_CRASH))
              .decides(3),
          Bounds.plain("plain, cancel, a fault")
              .cancel(1)
              .faults(1, EnumSet.allOf(Kind.class))
              .decides(1),
          Bounds.plain("plain, guest lost, source restarted")
              .faults(2, EnumSet.of(Kind.GUEST, Kind.SOURCE_CRASH))
              .decides(1),
          Bounds.plain("plain, resolved, a fault")
              .resolve(1)
              .faults(1, allBut(Kind.LATE_REQUEST))
              .decides(1),
          Bounds.plain("witness, a fault")
              .with(Product.B)
              .faults(1, allBut(Kind.LATE_REQUEST))
              .ballots(1),
          Bounds.plain("witness, to the decision").with(Product.B).decides(1),
          Bounds.plain("witness, a lost reply")
              .with(Product.B)
              .faults(1, EnumSet.of(Kind.LOST_REPLY))
              .decides(1),
          Bounds.plain("witness, a peer dies for good")
              .with(Product.B)
              .faults(1, EnumSet.of(Kind.SOURCE_CRASH, Kind.HOLDER_CRASH))
              .decides(1)
              .forGood(),
          Bounds.plain("witness, resolved").with(Product.B).resolve(1).ballots(1),
          Bounds.plain("redirect, cancel").redirect(Product.B).cancel(1).ballots(1),
          Bounds.plain("redirect, a lost reply")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.LOST_REPLY))
              .ballots(1),
          Bounds.plain("redirect, a silence")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.SILENCE))
              .ballots(1),
          Bounds.plain("redirect, a late request, to the grant")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.LATE_REQUEST))
              .onlyToGrant(),
          Bounds.plain("redirect, a crash, to the grant")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.SOURCE_CRASH, Kind.HOLDER_CRASH))
              .onlyToGrant());

  /** Too large for that: {@code dev/explore --all} has these, too. */
  private static final List<Bounds> LARGE =
      List.of(
          Bounds.plain("redirect, a late request")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.LATE_REQUEST))
              .ballots(1),
          Bounds.plain("redirect, a peer dies for good")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.SOURCE_CRASH, Kind.HOLDER_CRASH))
              .ballots(1)
              .forGood(),
          Bounds.plain("redirect, a crash")
              .redirect(Product.B)
              .faults(1, EnumSet.of(Kind.SOURCE_CRASH, Kind.HOLDER_CRASH))
              .ballots(1),
          Bounds.plain("redirect and back, to the grant")
              .redirect(Product.B, Product.A)
              .onlyToGrant());

  /** Machines that have to be found broken, and within which bounds. */
  static final Map<String, Bounds> HUNTS =
      Map.of(
          "canary: the source runs its guest on after the grant",
          Bounds.plain("no fault"),
          "destination resumes before it is decided",
          Bounds.plain("no fault"),
          "source takes the guest back undecided",
          Bounds.plain("a lost request").faults(1, EnumSet.of(Kind.LOST_REPLY)),
          "a restarted source takes the guest back undecided",
          Bounds.plain("a crash").faults(1, EnumSet.of(Kind.SOURCE_CRASH, Kind.HOLDER_CRASH)),
          "source votes for its own grant",
          Bounds.plain("dead for good")
              .with(Product.B)
              .faults(1, EnumSet.of(Kind.SOURCE_CRASH, Kind.HOLDER_CRASH))
              .ballots(1)
              .forGood(),
          "second phase ignores what was accepted",
          Bounds.plain("witness").with(Product.B).ballots(1),
          "a voter ignores what it promised",
          Bounds.plain("witness").with(Product.B).ballots(1),
          "a proposer asks others before it has promised itself",
          Bounds.plain("witness, the source is restarted")
              .with(Product.B)
              .faults(1, EnumSet.of(Kind.SOURCE_CRASH))
              .ballots(1),
          "a source that was resolved goes on voting",
          Bounds.plain("the operator resolves").resolve(1).decides(1));

  private Exploration() {}

  private static Set<Kind> allBut(Kind kind) {
    return EnumSet.complementOf(EnumSet.of(kind));
  }

  static Machines mutant(String name) {
    return Stream.concat(Mutants.ALL.stream(), Stream.of(Mutants.HASTY_PROPOSER))
        .filter(mutant -> mutant.name().equals(name))
        .findFirst()
        .orElseThrow()
        .machines();
  }

  /** The command line. */
  public static void main(String[] arguments) {
    Bounds bounds =
        Bounds.plain("as asked for").redirect(Product.B).faults(1, allBut(Kind.LATE_REQUEST));
    for (int i = 0; i < arguments.length; i++) {
      switch (arguments[i]) {
        case "--faults" -> bounds = bounds.faults(Integer.parseInt(arguments[++i]), bounds.kinds());
        case "--kinds" -> bounds = bounds.faults(bounds.faults(), kinds(arguments[++i]));
        case "--redirects" -> bounds = bounds.redirect(turns(Integer.parseInt(arguments[++i])));
        case "--cancels" -> bounds = bounds.cancel(Integer.parseInt(arguments[++i]));
        case "--resolve" -> bounds = bounds.resolve(1);
        case "--ballot" -> bounds = bounds.ballots(Long.parseLong(arguments[++i]));
        case "--decide" -> bounds = bounds.decides(Long.parseLong(arguments[++i]));
        case "--witness" -> bounds = bounds.with(Product.B);
        case "--to-grant" -> bounds = bounds.onlyToGrant();
        case "--for-good" -> bounds = bounds.forGood();
        case "--all" -> System.exit(all() ? 0 : 1);
        case "--mutants" -> System.exit(mutants() ? 0 : 1);
        default -> {
          System.err.println("usage: the head of dev/explore tells");
          System.exit(2);
        }
      }
    }
    Report report = Explorer.explore(Machines.REAL, bounds);
    System.out.println(report);
    report.broken().ifPresent(Exploration::print);
    System.exit(report.broken().isPresent() ? 1 : 0);
  }

  /** To B, back to A, and so on. */
  private static PeerId[] turns(int count) {
    return IntStream.range(0, count)
        .mapToObj(turn -> turn % 2 == 0 ? Product.B : Product.A)
        .toArray(PeerId[]::new);
  }

  private static Set<Kind> kinds(String names) {
    Set<Kind> kinds = EnumSet.noneOf(Kind.class);
    for (String name : names.split(",")) {
      kinds.add(Kind.valueOf(name));
    }
    return kinds;
  }

  private static boolean all() {
    boolean good = true;
    for (Bounds bounds : Stream.concat(SCENARIOS.stream(), LARGE.stream()).toList()) {
      Report report = Explorer.explore(Machines.REAL, bounds);
      System.out.println(report);
      report.broken().ifPresent(Exploration::print);
      good &= report.broken().isEmpty();
    }
    return good;
  }

  private static boolean mutants() {
    boolean good = true;
    for (Map.Entry<String, Bounds> hunt : HUNTS.entrySet()) {
      Optional<Broken> broken = Explorer.explore(mutant(hunt.getKey()), hunt.getValue()).broken();
      System.out.println("--- " + hunt.getKey());
      broken.ifPresentOrElse(Exploration::print, () -> System.out.println("SURVIVED"));
      good &= broken.isPresent();
    }
    return good;
  }

  private static void print(Broken broken) {
    broken.trace().forEach(System.out::println);
    System.out.println("BROKEN: " + broken.rule());
  }
}
