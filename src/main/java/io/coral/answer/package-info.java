/// The questions that agents and colonies answer alike: from the stores to the messages of the API.
///
/// [io.coral.answer.QueryHandlers] are the calls, [io.coral.answer.CommonRoutes] and
/// [io.coral.answer.JaegerRoutes] the plain HTTP
/// routes. They run on the API's event loop and put the work on a worker thread.
@NullMarked
package io.coral.answer;

import org.jspecify.annotations.NullMarked;
