import { LockstepError } from '../../../../shared/errors.js';

/** A change of the binding's source: `find` stands in the file exactly once. */
export interface Patch {
  readonly file: string;
  readonly why: string;
  readonly find: string;
  readonly replace: string;
}

/** What Lockstep needs of the binding beyond what its makers published. */
export const PATCHES: readonly Patch[] = [
  {
    file: 'tfjs_backend.cc',
    why: 'compute threads share this set, and nothing locks it',
    find: 'static std::set<std::string> ATTR_NAME_SET;',
    replace: 'static thread_local std::set<std::string> ATTR_NAME_SET;',
  },
  {
    file: 'tfjs_backend.cc',
    why: 'the header of the change below',
    find: '#include "napi_auto_ref.h"\n',
    replace: `#include <cfenv>
#include "napi_auto_ref.h"
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'JavaScript and WebAssembly go on with the float arithmetic that they had',
    find: 'namespace tfnodejs {\n',
    replace: `namespace tfnodejs {

// TensorFlow sets flush-to-zero while it runs an operation at once, in the
// thread that asks. It puts back what was there; this does not rely on it.
class KeepFloatEnvironment {
 public:
  KeepFloatEnvironment() { std::fegetenv(&kept_); }
  ~KeepFloatEnvironment() { std::fesetenv(&kept_); }

 private:
  std::fenv_t kept_;
};
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'the same, where an operation is run',
    find: `                                  napi_value input_tensor_ids,
                                  napi_value num_output_values) {
`,
    replace: `                                  napi_value input_tensor_ids,
                                  napi_value num_output_values) {
  KeepFloatEnvironment keep;
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'the same, where a graph is run',
    find: '  TF_SessionRun(savedmodel_entry->second.first,',
    replace: `  KeepFloatEnvironment keep;
  TF_SessionRun(savedmodel_entry->second.first,`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'the same, where a graph is read, which also computes constants',
    find: '  TF_SessionOptions *session_options = TF_NewSessionOptions();\n',
    replace: `  KeepFloatEnvironment keep;
  TF_SessionOptions *session_options = TF_NewSessionOptions();
`,
  },
  {
    file: 'tfjs_backend.h',
    why: 'a tensor straight into memory that is there already, such as a row of the arena',
    find: '  // Executes a TFE Op and returns an array of objects containing tensor\n',
    replace: `  // Copies a tensor's bytes into a typed array of the same number of bytes.
  void CopyTensorData(napi_env env, napi_value tensor_id_value,
                      napi_value array_value);

  // Executes a TFE Op and returns an array of objects containing tensor\n`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'its body',
    find: 'napi_value TFJSBackend::ExecuteOp(',
    replace: `void TFJSBackend::CopyTensorData(napi_env env, napi_value tensor_id_value,
                                 napi_value array_value) {
  int32_t tensor_id;
  ENSURE_NAPI_OK(env, napi_get_value_int32(env, tensor_id_value, &tensor_id));
  auto tensor_entry = tfe_handle_map_.find(tensor_id);
  if (tensor_entry == tfe_handle_map_.end()) {
    NAPI_THROW_ERROR(env, "Copy of a Tensor not referenced (tensor_id: %d)",
                     tensor_id);
    return;
  }
  napi_typedarray_type array_type;
  size_t array_length;
  void *array_data;
  ENSURE_NAPI_OK(env, napi_get_typedarray_info(env, array_value, &array_type,
                                               &array_length, &array_data,
                                               nullptr, nullptr));
  TF_AutoStatus tf_status;
  TF_AutoTensor tensor(
      TFE_TensorHandleResolve(tensor_entry->second, tf_status.status));
  ENSURE_TF_OK(env, tf_status);
  const size_t width = array_type == napi_uint8_array ? 1 : 4;
  const TF_DataType dtype = TF_TensorType(tensor.tensor);
  const bool same_type =
      (array_type == napi_float32_array && dtype == TF_FLOAT) ||
      (array_type == napi_int32_array && dtype == TF_INT32) ||
      (array_type == napi_uint8_array && (dtype == TF_BOOL || dtype == TF_UINT8));
  const size_t byte_length = TF_TensorByteSize(tensor.tensor);
  if (!same_type || byte_length != array_length * width) {
    NAPI_THROW_ERROR(env,
                     "Copy of a Tensor of %zu bytes and type %d into an array "
                     "of %zu bytes and another type or length",
                     byte_length, static_cast<int>(dtype), array_length * width);
    return;
  }
  memcpy(array_data, TF_TensorData(tensor.tensor), byte_length);
}

napi_value TFJSBackend::ExecuteOp(`,
  },
  {
    file: 'tfjs_binding.cc',
    why: 'its entry',
    find: 'static napi_value ExecuteOp(napi_env env, napi_callback_info info) {',
    replace: `static napi_value CopyTensorData(napi_env env, napi_callback_info info) {
  // Copy tensor data takes 2 params: tensor ID, typed array:
  size_t argc = 2;
  napi_value args[2];
  napi_value js_this;
  napi_status nstatus =
      napi_get_cb_info(env, info, &argc, args, &js_this, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < 2) {
    NAPI_THROW_ERROR(env, "copyTensorData() takes a tensor ID and an array.");
    return nullptr;
  }
  ENSURE_VALUE_IS_NUMBER_RETVAL(env, args[0], nullptr);
  ENSURE_VALUE_IS_TYPED_ARRAY_RETVAL(env, args[1], nullptr);
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  backend->CopyTensorData(env, args[0], args[1]);
  return nullptr;
}

static napi_value ExecuteOp(napi_env env, napi_callback_info info) {`,
  },
  {
    file: 'tfjs_binding.cc',
    why: 'its name',
    find: '      {"executeOp", nullptr, ExecuteOp,',
    replace: `      {"copyTensorData", nullptr, CopyTensorData, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"executeOp", nullptr, ExecuteOp,`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'the first context makes the pool that all share: one thread, whatever the machine has',
    find: '  TFE_ContextOptions *tfe_options = TFE_NewContextOptions();\n',
    replace: `  KeepFloatEnvironment keep;
  TFE_ContextOptions *tfe_options = TFE_NewContextOptions();

  // ConfigProto: intra_op_parallelism_threads = 1 (field 2),
  // inter_op_parallelism_threads = -1 (field 5): in the caller's thread.
  static const unsigned char config[] = {0x10, 0x01, 0x28, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
  TFE_ContextOptionsSetConfig(tfe_options, config, sizeof(config),
                              tf_status.status);
  if (TF_GetCode(tf_status.status) != TF_OK) {
    NAPI_THROW_ERROR(env, "Exception setting the configuration of TFE_Context");
  }
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'a session computes in the thread that asks, alone: the number of threads decides bits',
    find: '  TF_Buffer *run_options = TF_NewBufferFromString("", 0);\n',
    replace: `  TF_Buffer *run_options = TF_NewBufferFromString("", 0);

  // ConfigProto: intra_op_parallelism_threads = 1 (field 2),
  // inter_op_parallelism_threads = -1 (field 5): in the caller's thread.
  static const unsigned char config[] = {0x10, 0x01, 0x28, 0xff, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
  TF_AutoStatus config_status;
  TF_SetConfig(session_options, config, sizeof(config), config_status.status);
  ENSURE_TF_OK_RETVAL(env, config_status, nullptr);
`,
  },
];

/** The source of `file` with its patches. Errors: ENGINE_INSTALL_COMPILE where one does not fit. */
export function patched(file: string, source: string): string {
  return PATCHES.filter((patch) => patch.file === file).reduce((text, { find, replace, why }) => {
    const parts = text.split(find);
    if (parts.length !== 2) {
      throw new LockstepError(
        'ENGINE_INSTALL_COMPILE',
        `The binding's source is not the one that Lockstep knows: in ${file}, the place of a change (${why}) stands ${parts.length - 1} times instead of once.`,
        {
          hint: 'Install the exact version of @tensorflow/tfjs-node-gpu that docs/engines.md names.',
        },
      );
    }
    return parts.join(replace);
  }, source);
}
