package org.dcmigrate.conformance.play;

import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.wire.DecisionWire;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AppointRequest;
import org.dcmigrate.v1.AppointResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.DismissRequest;
import org.dcmigrate.v1.DismissResponse;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;
import org.dcmigrate.v1.SwitchoverRequest;

/**
 * The votes of a played peer: as witness once appointed, as destination once it has the grant, and
 * as source of the tester's own migrations.
 */
final class PlayedVoter extends DecisionServiceGrpc.DecisionServiceImplBase {
  private static final long QUESTION_SECONDS = 2;
  private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final int QUESTIONS = 100;

  private final PlayedPeer peer;
  private final Votes asSource;
  private final Supplier<Channel> target;
  private final Map<AttemptRef, Acceptor> seats = new ConcurrentHashMap<>();

  PlayedVoter(PlayedPeer peer, Votes asSource, Supplier<Channel> target) {
    this.peer = peer;
    this.asSource = asSource;
    this.target = target;
  }

  void clear() {
    seats.clear();
  }

  /** Whether this peer votes on an attempt. */
  boolean hasSeat(AttemptRef attempt) {
    return seats.containsKey(attempt);
  }

  /**
   * Has it decided, in ballot 0, that the guest is owned here, and then runs what is to be said.
   * Asks the source, and the witness where the source does not accept.
   */
  void decide(SwitchoverRequest.Commit commit, PlayedHolder holder, Runnable running) {
    AttemptRef attempt = commit.getAttempt();
    if (commit.hasWitness()) {
      seats.putIfAbsent(attempt, Acceptor.granted());
    }
    Thread.ofVirtual()
        .name("decide-" + peer.name())
        .start(
            () -> {
              for (int i = 0; i < QUESTIONS; i++) {
                if (holder.state() != PlayedHolder.State.DECIDING) {
                  break;
                }
                if (sourceAccepts(attempt) || (commit.hasWitness() && witnessAccepts(commit))) {
                  seats.computeIfPresent(
                      attempt, (key, seat) -> Acceptor.ended(Choice.DESTINATION));
                  break;
                }
                LockSupport.parkNanos(PAUSE_NS);
              }
              if (holder.own()) {
                running.run();
              }
            });
  }

  private boolean sourceAccepts(AttemptRef attempt) {
    AcceptRequest request =
        AcceptRequest.newBuilder()
            .setAttempt(attempt)
            .setVote(DecisionWire.vote(Vote.GRANTED))
            .build();
    try {
      AcceptResponse response =
          DecisionServiceGrpc.newBlockingStub(target.get())
              .withDeadlineAfter(QUESTION_SECONDS, TimeUnit.SECONDS)
              .accept(request);
      return response.getPromisedBallot() == Vote.GRANTED.ballot();
    } catch (StatusRuntimeException unheard) {
      return false;
    }
  }

  private boolean witnessAccepts(SwitchoverRequest.Commit commit) {
    try {
      Optional<PlayedPeer> witness = peer.other(Wire.peer(commit.getWitness()));
      return witness.isPresent()
          && witness.get().voter().vote(commit.getAttempt(), new Question.Accept(Vote.GRANTED))
              instanceof Answer.Accepted;
    } catch (DcmException refused) {
      return false;
    }
  }

  private Answer vote(AttemptRef attempt, Question question) throws DcmException {
    Acceptor.Step[] step = new Acceptor.Step[1];
    Optional<Acceptor> seat =
        Optional.ofNullable(
            seats.computeIfPresent(
                attempt,
                (key, before) -> {
                  step[0] = before.ask(question);
                  return step[0].next();
                }));
    if (seat.isPresent()) {
      return step[0].answer();
    }
    if (peer.knows(attempt)) {
      throw new DcmException(Reason.MIGRATION_UNKNOWN, "no seat on this attempt");
    }
    return asSource.vote(attempt, question);
  }

  @Override
  public void appoint(AppointRequest request, StreamObserver<AppointResponse> out) {
    Served.one(
        out,
        () -> {
          seats.putIfAbsent(request.getAttempt(), Acceptor.undecided());
          return AppointResponse.getDefaultInstance();
        });
  }

  @Override
  public void promise(PromiseRequest request, StreamObserver<PromiseResponse> out) {
    Served.one(
        out,
        () ->
            DecisionWire.promiseResponse(
                vote(
                    request.getAttempt(),
                    new Question.Promise(DecisionWire.ballot(request.getBallot())))));
  }

  @Override
  public void accept(AcceptRequest request, StreamObserver<AcceptResponse> out) {
    Served.one(
        out,
        () ->
            DecisionWire.acceptResponse(
                vote(
                    request.getAttempt(),
                    new Question.Accept(DecisionWire.vote(request.getVote())))));
  }

  @Override
  public void dismiss(DismissRequest request, StreamObserver<DismissResponse> out) {
    Served.one(
        out,
        () -> {
          Choice owner = DecisionWire.choice(request.getOwner());
          seats.computeIfPresent(request.getAttempt(), (key, seat) -> Acceptor.ended(owner));
          return DismissResponse.getDefaultInstance();
        });
  }
}
