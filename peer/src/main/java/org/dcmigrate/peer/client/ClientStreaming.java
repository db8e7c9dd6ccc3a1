package org.dcmigrate.peer.client;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dcmigrate.protocol.DcmException;
import org.dcmigrate.protocol.Reason;
import org.dcmigrate.protocol.wire.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Makes one blocking call of a client-streaming method, sending as fast as the other side takes.
 */
final class ClientStreaming {
  private ClientStreaming() {}

  interface Method<Q, A> {
    StreamObserver<Q> start(StreamObserver<A> answers);
  }

  static <Q, A> A call(Method<Q, A> method, Iterator<Q> messages, Duration deadline)
      throws DcmException {
    Observer<Q, A> observer = new Observer<>(messages);
    StreamObserver<Q> requests = method.start(observer);
    try {
      return observer.answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException failed) {
      throw Errors.fromStatus(failed.getCause() == null ? failed : failed.getCause());
    } catch (TimeoutException late) {
      requests.onError(late);
      throw new DcmException(
          Reason.DEADLINE_PASSED, "no answer within " + deadline.toSeconds() + " s", late);
    } catch (InterruptedException interrupted) {
      requests.onError(interrupted);
      Thread.currentThread().interrupt();
      throw new DcmException(Reason.PEER_NOT_SERVING, "this peer is shutting down", interrupted);
    }
  }

  private static final class Observer<Q, A> implements ClientResponseObserver<Q, A> {
    private final Iterator<Q> messages;
    private final CompletableFuture<A> answer = new CompletableFuture<>();
    private boolean completed;

    Observer(Iterator<Q> messages) {
      this.messages = messages;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<Q> requests) {
      requests.setOnReadyHandler(
          () -> {
            while (requests.isReady() && messages.hasNext()) {
              requests.onNext(messages.next());
            }
            if (!messages.hasNext() && !completed) {
              completed = true;
              requests.onCompleted();
            }
          });
    }

    @Override
    public void onNext(A value) {
      answer.complete(value);
    }

    @Override
    public void onError(@Nullable Throwable error) {
      answer.completeExceptionally(
          error == null ? new IllegalStateException("the call failed without a cause") : error);
    }

    @Override
    public void onCompleted() {
      answer.completeExceptionally(
          new DcmException(Reason.INTERNAL, "the call ended without an answer"));
    }
  }
}
