package org.dcmigrate.conformance.mutants;

import io.grpc.ManagedChannel;
import io.grpc.ServerInterceptor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.dcmigrate.conformance.mutants.FaultyPeer.Backend;
import org.dcmigrate.conformance.mutants.FaultyPeer.Fault;
import org.dcmigrate.conformance.play.Stage;
import org.dcmigrate.conformance.play.Stage.Cast;
import org.dcmigrate.conformance.play.Target;
import org.dcmigrate.conformance.play.TestGuest;
import org.dcmigrate.conformance.play.Votes;
import org.dcmigrate.conformance.suite.Case;
import org.dcmigrate.conformance.suite.CaseResult;
import org.dcmigrate.conformance.suite.Report;
import org.dcmigrate.conformance.suite.Runner;
import org.dcmigrate.conformance.suite.Suite;
import org.dcmigrate.conformance.suite.Verdict;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.PeerId;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.transport.Transport;

/**
 * Proves that the suite can fail: each mutant of a right peer by the case that it names, each peer
 * that does nothing right by all cases.
 */
public final class KillMatrix {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration BUDGET = Duration.ofMinutes(5);

  private final Backend backend;
  private final TestGuest guest;
  private final Optional<Votes> votes;
  private final Optional<Cast> cast;

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
   * @param backend a right peer, to whose operators the tester belongs
   * @param votes the tester's votes, for mutants whose cases give a guest away
   */
  public KillMatrix(Backend backend, TestGuest guest, Optional<Votes> votes) {
    this.backend = backend;
    this.guest = guest;
    this.votes = votes;
    cast = Optional.empty();
  }

  /**
   * A matrix in which the tester plays all roles.
   *
   * @param backend a right peer, to which the tester as source and operator is the same
   */
  public KillMatrix(Backend backend, TestGuest guest, Cast cast) {
    this.backend = backend;
    this.guest = guest;
    this.votes = Optional.empty();
    this.cast = Optional.of(cast);
  }

  /** Runs these mutants, one after the other, and tells of each. */
  public List<Row> mutants(List<Mutant> mutants, Consumer<Row> each) throws DcmException {
    Map<String, CaseResult> controls = new LinkedHashMap<>();
    List<Row> rows = new ArrayList<>();
    for (Mutant mutant : mutants) {
      CaseResult control = controls.get(mutant.killer());
      if (control == null) {
        control = run(mutant.killer(), new Fault() {});
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
                (int) results.stream().filter(KillMatrix::ran).count(),
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

  private static boolean ran(CaseResult result) {
    return result.verdict() != Verdict.NOT_RUN && result.verdict() != Verdict.NOT_APPLICABLE;
  }

  private Row row(Mutant mutant, CaseResult control) throws DcmException {
    if (!ran(control)) {
      return new Row(mutant, Fate.NOT_RUN, control);
    }
    if (control.verdict() != Verdict.PASS) {
      return new Row(mutant, Fate.NO_CONTROL, control);
    }
    CaseResult result = run(mutant.killer(), mutant.fault());
    if (result.verdict() != Verdict.FAIL) {
      return new Row(mutant, Fate.SURVIVED, result);
    }
    boolean says = Report.text(result).contains(mutant.says());
    return new Row(mutant, says ? Fate.KILLED : Fate.WRONG_REASON, result);
  }

  private CaseResult run(String name, Fault fault) throws DcmException {
    List<Case> one = Suite.matching(List.of(name));
    if (one.size() != 1) {
      throw new IllegalStateException("a mutant names a case that is not there: " + name);
    }
    try (FaultyPeer peer = FaultyPeer.inFrontOf(backend, fault)) {
      return run(peer.endpoint(), TIMEOUT, one, new FaultBetween(fault)).getFirst();
    } catch (IOException failed) {
      throw cannotListen(failed);
    }
  }

  private List<CaseResult> run(
      String endpoint, Duration timeout, List<Case> cases, ServerInterceptor between)
      throws DcmException {
    PeerId self = backend.security().identity();
    ManagedChannel channel = Transport.channel(endpoint, backend.front(), self);
    try {
      if (cast.isEmpty()) {
        Target target = new Target(channel, self, timeout, votes);
        return new Runner(target, guest, votes.isPresent(), BUDGET).run(cases, result -> {});
      }
      ManagedChannel operating = Transport.channel(endpoint, backend.front(), self);
      try (Stage stage = Stage.open(cast.get(), timeout, operating, between)) {
        Target target = Target.on(stage, channel, self, timeout);
        return new Runner(target, guest, true, BUDGET).run(cases, result -> {});
      }
    } finally {
      channel.shutdownNow();
    }
  }

  private static DcmException cannotListen(IOException failed) {
    return new DcmException(
        Reason.INTERNAL, "cannot listen on 127.0.0.1: " + failed.getMessage(), failed);
  }
}
