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
#include <cstdlib>
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
    why: 'every context and session is made with the ConfigProto that Lockstep has set',
    find: '// Callback to cleanup extra reference count for shared V8/TF tensor memory:\n',
    replace: `// A ConfigProto, as hex in the environment; by default
// intra_op_parallelism_threads = 1 (field 2) and
// inter_op_parallelism_threads = -1 (field 5): in the caller's thread, alone.
static std::string SessionConfig() {
  const char *hex = std::getenv("LOCKSTEP_TENSORFLOW_CONFIG");
  if (hex == nullptr) hex = "100128ffffffffffffffffff01";
  std::string config;
  for (; hex[0] != 0 && hex[1] != 0; hex += 2) {
    const char byte[] = {hex[0], hex[1], 0};
    config.push_back(static_cast<char>(std::strtol(byte, nullptr, 16)));
  }
  return config;
}

// Callback to cleanup extra reference count for shared V8/TF tensor memory:
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'the first context makes the pool that all share: one thread, whatever the machine has',
    find: '  TFE_ContextOptions *tfe_options = TFE_NewContextOptions();\n',
    replace: `  KeepFloatEnvironment keep;
  TFE_ContextOptions *tfe_options = TFE_NewContextOptions();
  const std::string config = SessionConfig();
  TFE_ContextOptionsSetConfig(tfe_options, config.data(), config.size(),
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
  const std::string config = SessionConfig();
  TF_AutoStatus config_status;
  TF_SetConfig(session_options, config.data(), config.size(),
               config_status.status);
  ENSURE_TF_OK_RETVAL(env, config_status, nullptr);
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'all devices, for ListDevices; and tensors are with the first processor, not the last',
    find: `    // Keep a reference to the host CPU device:
    if (strcmp(device_type, "CPU") == 0) {
`,
    replace: `    device_names_.push_back(
        TF_DeviceListName(device_list, i, tf_status.status));
    ENSURE_TF_OK(env, tf_status);

    // Keep a reference to the first host CPU device:
    if (cpu_device_name.empty() && strcmp(device_type, "CPU") == 0) {
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'not on the last GPU that there is, but on the processor, until a thread says otherwise',
    find: `  // If no GPU devices found, fallback to host CPU:
  if (device_name.empty()) {
`,
    replace: `  // A GPU is used by UseDevice, and by graphs that name it; else the host CPU:
  device_name.clear();
  if (device_name.empty()) {
`,
  },
  {
    file: 'tfjs_backend.h',
    why: 'the devices that there are, and the one that a thread computes on',
    find: '  // Get number of loaded SavedModel in the backend:\n',
    replace: `  // Returns the names of all devices.
  napi_value ListDevices(napi_env env);

  // From now on, operations of this thread run on the device of that name.
  void UseDevice(napi_env env, napi_value device_name_value);

  // Get number of loaded SavedModel in the backend:
`,
  },
  {
    file: 'tfjs_backend.h',
    why: 'a header that the change below needs',
    find: '#include <unordered_map>\n',
    replace: `#include <unordered_map>
#include <vector>
`,
  },
  {
    file: 'tfjs_backend.h',
    why: 'what they keep',
    find: '  std::string device_name;\n',
    replace: `  std::string device_name;
  std::vector<std::string> device_names_;
  bool uses_device_ = false;
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'their bodies',
    find: 'napi_value TFJSBackend::GetNumOfSavedModels(napi_env env) {\n',
    replace: `napi_value TFJSBackend::ListDevices(napi_env env) {
  napi_value names;
  ENSURE_NAPI_OK_RETVAL(
      env, napi_create_array_with_length(env, device_names_.size(), &names),
      nullptr);
  for (uint32_t i = 0; i < device_names_.size(); i++) {
    napi_value name;
    ENSURE_NAPI_OK_RETVAL(
        env,
        napi_create_string_utf8(env, device_names_[i].data(),
                                device_names_[i].size(), &name),
        nullptr);
    ENSURE_NAPI_OK_RETVAL(env, napi_set_element(env, names, i, name), nullptr);
  }
  return names;
}

void TFJSBackend::UseDevice(napi_env env, napi_value device_name_value) {
  std::string name;
  ENSURE_NAPI_OK(env, GetStringParam(env, device_name_value, name));
  if (std::find(device_names_.begin(), device_names_.end(), name) ==
      device_names_.end()) {
    NAPI_THROW_ERROR(env, "There is no device %s", name.c_str());
    return;
  }
  device_name = name;
  is_gpu_device = name.find("device:GPU:") != std::string::npos;
  uses_device_ = true;
}

napi_value TFJSBackend::GetNumOfSavedModels(napi_env env) {
`,
  },
  {
    file: 'tfjs_backend.cc',
    why: 'an operation runs on the device of its thread',
    find: `  TFE_AutoOp tfe_op(TFE_NewOp(tfe_context_, op_name.c_str(), tf_status.status));
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
`,
    replace: `  TFE_AutoOp tfe_op(TFE_NewOp(tfe_context_, op_name.c_str(), tf_status.status));
  ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  if (uses_device_) {
    TFE_OpSetDevice(tfe_op.op, device_name.c_str(), tf_status.status);
    ENSURE_TF_OK_RETVAL(env, tf_status, nullptr);
  }
`,
  },
  {
    file: 'tfjs_binding.cc',
    why: 'their entries',
    find: 'static napi_value IsUsingGPUDevice(napi_env env, napi_callback_info info) {\n',
    replace: `static napi_value ListDevices(napi_env env, napi_callback_info info) {
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  return backend->ListDevices(env);
}

static napi_value UseDevice(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value args[1];
  napi_value js_this;
  napi_status nstatus =
      napi_get_cb_info(env, info, &argc, args, &js_this, nullptr);
  ENSURE_NAPI_OK_RETVAL(env, nstatus, nullptr);
  if (argc < 1) {
    NAPI_THROW_ERROR(env, "useDevice() takes the name of a device.");
    return nullptr;
  }
  ENSURE_VALUE_IS_STRING_RETVAL(env, args[0], nullptr);
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  backend->UseDevice(env, args[0]);
  return nullptr;
}

static napi_value IsUsingGPUDevice(napi_env env, napi_callback_info info) {
`,
  },
  {
    file: 'tfjs_binding.cc',
    why: 'their names',
    find: '      {"isUsingGpuDevice", nullptr, IsUsingGPUDevice, nullptr, nullptr, nullptr,\n',
    replace: `      {"listDevices", nullptr, ListDevices, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"useDevice", nullptr, UseDevice, nullptr, nullptr, nullptr,
       napi_default, nullptr},
      {"isUsingGpuDevice", nullptr, IsUsingGPUDevice, nullptr, nullptr, nullptr,
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
