/**
 * The demonstration: real peers on loopback, a guest, a redirect in the middle, and the same with
 * cancel and restart. Start reading at {@link org.dcmigrate.ctl.demo.DemoCommand}.
 */
@NullMarked
package org.dcmigrate.ctl.demo;

import org.jspecify.annotations.NullMarked;
