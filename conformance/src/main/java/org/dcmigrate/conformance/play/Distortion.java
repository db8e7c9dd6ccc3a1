package org.dcmigrate.conformance.play;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.List;
import java.util.function.Supplier;

/** Changes what the target and the tester say to one another where the target is the caller. */
public interface Distortion {
  /** Changes nothing. */
  Distortion NONE = new Distortion() {};

  /** Turns a message of the target into any number. */
  default List<Message> called(String method, Message message) {
    return List.of(message);
  }

  /** Changes an answer of the tester to the target. */
  default Message answered(String method, Message message) {
    return message;
  }

  /** Puts the distortion of the moment before all services of a server. */
  static ServerInterceptor interceptor(Supplier<Distortion> present) {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String method = String.valueOf(call.getMethodDescriptor().getBareMethodName());
        ServerCall<Q, A> changed =
            new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
              @Override
              @SuppressWarnings("unchecked")
              public void sendMessage(A message) {
                super.sendMessage((A) present.get().answered(method, (Message) message));
              }
            };
        return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(
            next.startCall(changed, headers)) {
          @Override
          @SuppressWarnings("unchecked")
          public void onMessage(Q message) {
            present
                .get()
                .called(method, (Message) message)
                .forEach(each -> super.onMessage((Q) each));
          }
        };
      }
    };
  }
}
