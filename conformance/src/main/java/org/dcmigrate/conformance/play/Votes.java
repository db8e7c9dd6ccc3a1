package org.dcmigrate.conformance.play;

import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.decision.Acceptor;
import org.dcmigrate.protocol.decision.Answer;
import org.dcmigrate.protocol.decision.Choice;
import org.dcmigrate.protocol.decision.Question;
import org.dcmigrate.protocol.decision.Vote;
import org.dcmigrate.protocol.transport.Security;
import org.dcmigrate.protocol.transport.Transport;
import org.dcmigrate.protocol.wire.DecisionWire;
import org.dcmigrate.protocol.wire.Errors;
import org.dcmigrate.protocol.wire.Wire;
import org.dcmigrate.v1.AcceptRequest;
import org.dcmigrate.v1.AcceptResponse;
import org.dcmigrate.v1.AttemptRef;
import org.dcmigrate.v1.DecisionServiceGrpc;
import org.dcmigrate.v1.PromiseRequest;
import org.dcmigrate.v1.PromiseResponse;

/**
 * What the tester serves to the target. As a voter, the source of its migrations or another peer:
 * the target asks for votes before it may own a guest. Votes as a right one does, unless a case
 * holds the vote back or has given it to somebody. Beside it the tester as a new destination.
 */
public final class Votes implements AutoCloseable {
  private final Map<AttemptRef, Acceptor> acceptors = new ConcurrentHashMap<>();
  private final Map<AttemptRef, List<Question>> questions = new ConcurrentHashMap<>();
  private final Map<AttemptRef, StatusRuntimeException> heldBack = new ConcurrentHashMap<>();
  private final AtomicReference<Distortion> distortion = new AtomicReference<>(Distortion.NONE);
  private final RelayTarget relays = new RelayTarget();
  private final Server server;

  private Votes(String listen, Security security) throws DcmException, IOException {
    server =
        Transport.server(listen, security)
            .intercept(Distortion.interceptor(distortion::get))
            .addService(new Service())
            .addService(relays.service())
            .build()
            .start();
  }

  /**
   * Begins to serve.
   *
   * @param listen the address that the target has configured for the tester
   * @throws DcmException when it cannot listen there
   */
  public static Votes listen(String listen, Security security) throws DcmException {
    try {
      return new Votes(listen, security);
    } catch (IOException failed) {
      throw new DcmException(
          Reason.INTERNAL, "cannot listen on %s: %s".formatted(listen, failed), failed);
    }
  }

  /** Where the tester listens. */
  public int port() {
    return server.getPort();
  }

  /** The tester as a new destination. */
  public RelayTarget relays() {
    return relays;
  }

  /** Changes what the two say to one another from now on. */
  public void distort(Distortion how) {
    distortion.set(how);
  }

  /** Votes on this attempt stay unanswered until they are let go. */
  public void holdBack(AttemptRef attempt) {
    refuse(
        attempt,
        Errors.toStatus(
            new DcmException(Reason.PEER_NOT_SERVING, "the tester holds its vote back")));
  }

  /** Questions in this attempt end with this, and change nothing, until they are let go. */
  public void refuse(AttemptRef attempt, StatusRuntimeException with) {
    heldBack.put(attempt, with);
  }

  /** Votes on this attempt are answered from now on. */
  public void letGo(AttemptRef attempt) {
    heldBack.remove(attempt);
  }

  /** The source has taken the guest back before the target asked. */
  public void takeBack(AttemptRef attempt) {
    seat(attempt, new Acceptor(1, Optional.of(new Vote(1, Choice.SOURCE))));
  }

  /** What the tester has promised and accepted before the target asks. */
  public void seat(AttemptRef attempt, Acceptor before) {
    acceptors.put(attempt, before);
  }

  /** Whether the target has asked for anything in this attempt. */
  public boolean asked(AttemptRef attempt) {
    return !questions(attempt).isEmpty();
  }

  /** What the target has asked in this attempt, in its order. */
  public List<Question> questions(AttemptRef attempt) {
    return List.copyOf(questions.getOrDefault(attempt, List.of()));
  }

  /** What the tester has accepted in this attempt. */
  public Optional<Vote> accepted(AttemptRef attempt) {
    return Optional.ofNullable(acceptors.get(attempt)).flatMap(Acceptor::accepted);
  }

  private Answer vote(AttemptRef attempt, Question question) throws DcmException {
    Wire.attempt(attempt);
    questions.computeIfAbsent(attempt, key -> new CopyOnWriteArrayList<>()).add(question);
    Optional<StatusRuntimeException> refusal = Optional.ofNullable(heldBack.get(attempt));
    if (refusal.isPresent()) {
      throw refusal.get();
    }
    Acceptor.Step[] step = new Acceptor.Step[1];
    acceptors.compute(
        attempt,
        (key, before) -> {
          step[0] = (before == null ? Acceptor.undecided() : before).ask(question);
          return step[0].next();
        });
    return step[0].answer();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private final class Service extends DecisionServiceGrpc.DecisionServiceImplBase {
    @Override
    public void promise(PromiseRequest request, StreamObserver<PromiseResponse> out) {
      try {
        Question question = new Question.Promise(DecisionWire.ballot(request.getBallot()));
        out.onNext(DecisionWire.promiseResponse(vote(request.getAttempt(), question)));
        out.onCompleted();
      } catch (DcmException refused) {
        out.onError(Errors.toStatus(refused));
      } catch (StatusRuntimeException refused) {
        out.onError(refused);
      }
    }

    @Override
    public void accept(AcceptRequest request, StreamObserver<AcceptResponse> out) {
      try {
        Question question = new Question.Accept(DecisionWire.vote(request.getVote()));
        out.onNext(DecisionWire.acceptResponse(vote(request.getAttempt(), question)));
        out.onCompleted();
      } catch (DcmException refused) {
        out.onError(Errors.toStatus(refused));
      } catch (StatusRuntimeException refused) {
        out.onError(refused);
      }
    }
  }
}
