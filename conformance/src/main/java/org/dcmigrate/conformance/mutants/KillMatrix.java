package org.dcmigrate.conformance.mutants;

import io.grpc.ServerInterceptor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.dcmigrate.conformance.mutants.FaultyPeer.Backend;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.play.Cast;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;

/**
 * Proves that the suite can fail: each mutant of a right peer by the case that it names, each peer
 * that does nothing right by all cases.
 */
public final class KillMatrix {
  private static final Set<Verdict> RAN =
      EnumSet.complementOf(EnumSet.of(Verdict.NOT_RUN, Verdict.NOT_APPLICABLE));
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration BUDGET = Duration.ofMinutes(5);

  private final Backend backend;
  private final TestGuest guest;
  private final Cast cast;

  /** What became of a mutant. */
  public enum Fate {
    /** The case failed and said why, and passes where the fault is not. */
    KILLED,
    /** The case did not fail. */
    SURVIVED,
    /** The case failed and did not say what is wrong. */
    WRONG_REASON,
    /** The case does not pass without the fault: that it fails says nothing. */
    NO_CONTROL,
    /** The mutant's case needs more of the tester than the target can reach. */
    NOT_RUN
  }

  /**
   * A mutant and what became of it.
   *
   * @param result of its case, with the fault; without it where that is what failed
   */
  public record Row(Mutant mutant, Fate fate, CaseResult result) {}

  /**
   * What cases said of a peer that does nothing right.
   *
   * @param passed cases that passed; none should
   */
  public record Nothing(NullPeer peer, int cases, List<String> passed) {}

  /**
   * A matrix to be made.
   *
   * @param cast who the tester is to a right peer, which the tester calls as its first peer
   */
  public KillMatrix(Cast cast, TestGuest guest) {
    this.cast = cast;
    this.guest = guest;
    backend = new Backend(cast.endpoint(), cast.first().security(), cast.target());
  }

  /** Runs these mutants, one after the other, and tells of each. */
  public List<Row> mutants(List<Mutant> mutants, Consumer<Row> each) throws DcmException {
    Map<String, CaseResult> controls = new LinkedHashMap<>();
    List<Row> rows = new ArrayList<>();
    for (Mutant mutant : mutants) {
      CaseResult control = controls.get(mutant.killer());
      if (control == null) {
        control = run(mutant.killer(), Fault.NONE, Fault.NONE);
        controls.put(mutant.killer(), control);
      }
      Row row = row(mutant, control);
      rows.add(row);
      each.accept(row);
    }
    return rows;
  }

  /** Runs all cases at these peers, and tells of each peer. */
  public List<Nothing> nullPeers(List<NullPeer> peers, Consumer<Nothing> each) throws DcmException {
    List<Nothing> found = new ArrayList<>();
    for (NullPeer peer : peers) {
      try (NullPeer.Running running = peer.start(backend.front())) {
        List<CaseResult> results =
            run(running.endpoint(), peer.timeout(), Suite.all(), Stage.UNTOUCHED);
        Nothing nothing =
            new Nothing(
                peer,
                (int) results.stream().filter(one -> RAN.contains(one.verdict())).count(),
                results.stream()
                    .filter(one -> one.verdict() == Verdict.PASS)
                    .map(one -> one.of().name())
                    .toList());
        found.add(nothing);
        each.accept(nothing);
      } catch (IOException failed) {
        throw cannotListen(failed);
      }
    }
    return found;
  }

  private Row row(Mutant mutant, CaseResult control) throws DcmException {
    if (!RAN.contains(control.verdict())) {
      return new Row(mutant, Fate.NOT_RUN, control);
    }
    if (control.verdict() != Verdict.PASS) {
      return new Row(mutant, Fate.NO_CONTROL, control);
    }
    CaseResult result = run(mutant.killer(), mutant.fault(), mutant.calls());
    if (result.verdict() != Verdict.FAIL) {
      return new Row(mutant, Fate.SURVIVED, result);
    }
    boolean says =
        String.join("\n", result.explanation(), result.expected(), result.actual())
            .contains(mutant.says());
    return new Row(mutant, says ? Fate.KILLED : Fate.WRONG_REASON, result);
  }

  private CaseResult run(String name, Fault fault, Fault calls) throws DcmException {
    List<Case> one = Suite.matching(List.of(name));
    if (one.size() != 1) {
      throw new IllegalStateException("a mutant names a case that is not there: " + name);
    }
    try (FaultyPeer peer = FaultyPeer.inFrontOf(backend, fault)) {
      return run(peer.endpoint(), TIMEOUT, one, new FaultBetween(calls)).getFirst();
    } catch (IOException failed) {
      throw cannotListen(failed);
    }
  }

  private List<CaseResult> run(
      String front, Duration timeout, List<Case> cases, ServerInterceptor between)
      throws DcmException {
    try (Target target = Target.behind(front, cast, timeout, between)) {
      boolean commit = cast.first().listen().isPresent();
      return new Runner(target, guest, commit, BUDGET).run(cases, result -> {});
    }
  }

  private static DcmException cannotListen(IOException failed) {
    return new DcmException(
        Reason.INTERNAL, "cannot listen on 127.0.0.1: " + failed.getMessage(), failed);
  }
}
